"""The figures that symposia is to reach on speech, and whether a document of figures holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.speech_systems import PEERS

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """A figure to reach, and where the document holds it (None: not measured)."""

    figure: str
    sense: Literal["at least", "at most"]
    limit: float
    value: Callable[[Document], float | None]

    def is_reached(self, value: float) -> bool:
        return value >= self.limit if self.sense == "at least" else value <= self.limit


def at(document: Document, *path: str) -> Any:
    """What lies at a path of keys; None where there is nothing."""
    held: Any = document
    for key in path:
        held = held.get(key) if isinstance(held, Mapping) else None
    return held


def _held(*path: str) -> Callable[[Document], float | None]:
    return lambda document: at(document, *path)


def _overall(system: str, figure: str) -> Callable[[Document], float | None]:
    return _held("overall", system, figure)


def _of_best_peer(document: Document) -> float | None:
    """Our error rate by that of the best system that is not told the language of each turn."""
    rates = [at(document, "overall", name, "cer") for name in PEERS]
    best = min((rate for rate in rates if rate is not None), default=None)
    ours = at(document, "overall", "symposia", "cer")
    return None if ours is None or not best else float(ours / best)


def _above_oracle(document: Document) -> float | None:
    ours, oracle = at(document, "overall", "symposia", "cer"), at(document, "overall", "oracle", "cer")
    return None if ours is None or oracle is None else float(ours - oracle)


TARGETS = (
    Target("language time accuracy", "at least", 0.99, _overall("symposia", "language_time_accuracy")),
    Target("CER by that of the best peer", "at most", 0.50, _of_best_peer),
    Target("CER less that of the oracle", "at most", 0.01, _above_oracle),
    Target(
        "speed by sequential, multilingual, VAD",
        "at least",
        3.0,
        _overall("sequential", "symposia_speed_ratio"),
    ),
    Target(
        "speed by batched, chunk_length=10", "at least", 1.8, _overall("batched-10", "symposia_speed_ratio")
    ),
    Target("share of speech dropped and not listed", "at most", 0.005, _overall("symposia", "dropped_share")),
    Target("characters where nobody speaks", "at most", 0, _held("non_speech", "symposia", "characters")),
    Target(
        "diarization error rate, speakers_dev_1",
        "at most",
        0.12,
        _held("speakers", "panels", "each", "speakers_dev_1", "error_rate"),
    ),
    Target(
        "diarization error rate, all meetings",
        "at most",
        0.30,
        _held("speakers", "meetings", "all", "error_rate"),
    ),
    Target(
        "median error of word starts (s)", "at most", 0.15, _held("word_times", "symposia", "start_error_s")
    ),
)


def checks(document: Document) -> list[dict[str, Any]]:
    """Every target with what was measured; `passes` is None where nothing was."""
    found = []
    for target in TARGETS:
        value = target.value(document)
        found.append(
            {
                "figure": target.figure,
                "wanted": f"{target.sense} {target.limit:g}",
                "value": None if value is None else round(value, 4),
                "passes": None if value is None else target.is_reached(value),
            }
        )
    return found
