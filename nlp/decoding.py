"""What a translation engine is: the part of a translator that knows a model.

An engine turns units (see `nlp.units`) into candidates, in one of several ways of
decoding; `nlp.translation` asks for another way where a candidate looks wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from transcripts.errors import ModelError
from transcripts.records import Signature

Remark = Mapping[str, str]  # one remark in several languages, by code
CUT = "cut"  # doubt about a candidate with as many tokens as its unit allows: its end may be missing


@dataclass(frozen=True, slots=True)
class TranslationOptions:
    """Which model translates, and how it decodes."""

    kind: str = "few-shot"  # a key of nlp.translation.TRANSLATORS
    model: str = "embedded:gemma-3-270m"
    compute_type: str = "int8"  # as CTranslate2 names it
    beam_size: int = 2  # for the embedded model 4 took twice the time for the same chrF on spoken passages
    device: str = "auto"
    threads: int = 0  # 0: as many as the machine has cores
    pairs: tuple[tuple[str, str], ...] = ()  # models of their own for pairs such as 'ja-en' (nlp.pairs)

    def __post_init__(self) -> None:
        if self.beam_size < 1 or self.threads < 0:
            raise ModelError(
                f"translation options beam_size={self.beam_size} and threads={self.threads} are out of "
                "range: use beam_size >= 1 and threads >= 0."
            )

    def signature(self, revision: str, licence: str, **more: object) -> Signature:
        """What made a translation; device and threads do not change it and are left out."""
        kept = asdict(self)
        model = kept.pop("model")
        for elsewhere in ("device", "threads", "pairs"):  # pairs: see nlp.pairs.with_pairs
            kept.pop(elsewhere)
        return Signature("nlp.translation", model, revision, licence, kept | more)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A translation of one unit. `score` is the mean log probability of its tokens.

    `doubts` are those that only its engine can have (see `nlp.doubts` for the others).
    """

    text: str
    score: float
    doubts: tuple[str, ...] = ()


class Engine(Protocol):
    """A loaded model that translates units."""

    @property
    def signature(self) -> Signature: ...

    @property
    def ways(self) -> int:
        """How many ways of decoding there are; each is tried where what those before it gave is doubted."""
        ...

    def check(self, source: str, target: str) -> None:
        """Raise ModelError when the model cannot translate between two languages."""
        ...

    def decode(
        self,
        units: Sequence[str],
        source: str,
        target: str,
        way: int,
        shown: Sequence[Sequence[Remark]] = (),
    ) -> list[list[Candidate]]:
        """Candidates for each unit, best first, at least one.

        `shown` are translated remarks that are like a unit, for engines that learn by example.
        """
        ...


def batches(sizes: Sequence[int], most: int, per_batch: int) -> list[list[int]]:
    """Indices in batches of neighbours in size: at most `per_batch`, together at most `most` large."""
    found: list[list[int]] = []
    for index in sorted(range(len(sizes)), key=lambda index: (-sizes[index], index)):
        batch = found[-1] if found else []
        if batch and len(batch) < per_batch and sizes[batch[0]] * (len(batch) + 1) <= most:
            batch.append(index)
        else:
            found.append([index])
    return found
