"""How far a translation can be trusted, in one word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Quality = Literal["good", "check", "doubtful"]

GOOD_FROM = 0.6
DOUBTFUL_BELOW = 0.2  # the translator flags by language what it doubts; this is for what carries no flag

FLAGGED = 0.7  # what a flag leaves of the trust in a passage

REMEMBERED = "translation_memory"  # flag of a translation that a person made or approved before: no doubt
STALE = "stale"  # flag of a machine's translation whose source text a person has corrected since


def quality_word(quality: float | None, flags: Sequence[str]) -> Quality:
    """What a reader should make of a translation with this estimate (0..1) and these flags.

    A translation in doubt is doubtful whatever the estimate. Without an estimate a
    person wrote it, or none is needed: good.
    """
    doubts = set(flags) - {REMEMBERED}
    if doubts or (quality is not None and quality < DOUBTFUL_BELOW):
        return "doubtful"
    return "good" if quality is None or quality >= GOOD_FROM else "check"


def doubt(
    confidence: float, flags: Sequence[str], quality: float | None, translation_flags: Sequence[str]
) -> float:
    """How much a person should look at a passage, 0..1: the higher, the sooner.

    Hearing and translation are taken as independent chances of being right; each flag of either
    takes a part of what is left.
    """
    right = confidence * (1.0 if quality is None else quality)
    return 1.0 - right * FLAGGED ** (len(flags) + len(set(translation_flags) - {REMEMBERED}))
