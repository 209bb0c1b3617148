"""What the fuzz tests share: foreign bytes, made of samples; how many; and a watch over each case.

`make fuzz` tries 10,000 cases of each and chooses its own seed; the usual suite tries fewer,
always the same.
"""

from __future__ import annotations

import resource
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from transcripts.errors import SymposiaError

LONGEST_S = 60  # a case takes milliseconds, and much longer only on a busy machine
MOST_GROWTH_MB = 600  # of memory, in one case

# Lengths and numbers that readers trip over, in the forms in which files hold them.
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_BINARY = [
    number.to_bytes(size, order) for number in _NUMBERS for size in (4, 8) for order in ("little", "big")
]
_TEXT = [
    each.encode()
    for each in (
        "",
        "\0",
        "\r",
        "\n\n",
        "\t",
        " ",
        "\ufeff",
        "\u2028",
        "\u200f",
        "\u0661",
        "é",
        "𝄞",
        "-",
        "-1",
        "0",
        "nan",
        "inf",
        "1e400",
        "9" * 400,
        "[" * 3000,
        "{" * 3000,
        '{"a":' * 3000,
        "<a>" * 600,
        "&#0;",
        "&x;",
        "<!--",
        "]]>",
        "-->",
        '"',
        "'",
        "\\",
        "\\ud800",
        "null",
        "true",
        "[]",
        "{}",
        "*a",
        "&a ",
        "!!python/object:os.system",
        "%s",
        "../",
        ":",
        ": ",
        "- ",
        "? ",
        "| ",
        "> ",
        "#",
    )
] + [b"\xff", b"\xed\xa0\x80", b"\xfe\xff", b"\xff\xfe"]

Result = TypeVar("Result")


def fuzzed(usual: int = 100, among: int = 1) -> settings:
    """So many cases in the usual suite, or as many as the profile in use wants (see conftest.py).

    These are shared among the runs of a test with so many parameters.
    """
    wanted = settings.default.max_examples if settings.default else 0
    return settings(max_examples=max(usual, wanted // among), suppress_health_check=list(HealthCheck))


@st.composite
def changed(draw: st.DrawFn, samples: Sequence[bytes], *, binary: bool = False) -> bytes:
    """A sample with up to eight places changed: bytes replaced, put in, left out, doubled or cut off."""
    data = draw(st.sampled_from(samples))
    words = _BINARY if binary else _TEXT
    for _ in range(draw(st.integers(1, 8))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from((0, 1, 1, 2, 4, 8, 40, 600))))
        piece = draw(
            st.sampled_from(words)
            | st.binary(max_size=6)
            | st.sampled_from((data[start:end] * 2, data[start:end] * 50, b""))
            | st.integers(0, len(data)).map(lambda at, data=data: data[at : at + 60])  # type: ignore[misc]
        )
        data = data[:start] + piece + (b"" if draw(st.integers(0, 19)) == 7 else data[end:])
    return data


def told(call: Callable[[], Result]) -> Result | None:
    """What a reader makes of a case; None where it is refused in words. All else is a defect."""
    try:
        with watched():
            return call()
    except SymposiaError as error:
        said = str(error)
    assert said.strip()
    return None


@contextmanager
def watched() -> Iterator[None]:
    """Fails a case that does not end, and one that takes memory as no file of its size may."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"it did not end within {LONGEST_S} s")

    before = signal.signal(signal.SIGALRM, stop)
    most_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.alarm(LONGEST_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most_kb) // 1000
    assert grown_mb < MOST_GROWTH_MB, f"it took {grown_mb} MB"
