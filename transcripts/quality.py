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
UNSEEN = "unseen"  # flag of a machine's translation of a passage that people vouched for before it was made
MIXED = "mixed"  # flag of a machine's translation that was joined with another's: no doubt
NO_DOUBT = frozenset({REMEMBERED, MIXED})


# What a flag of a passage or a translation means to the person who reads it.
FLAG_WORDS = {
    "language_doubtful": "passages whose language is doubtful",
    "repetition": "passages that may repeat themselves",
    "too_fast": "passages with more words than can be said in their time",
    "low_confidence": "passages heard with low confidence",
    "script_mismatch": "passages in a script that is not their language's",
    "glossary": "passages with what is nearly a name of the glossary",
    "overlap": "passages in which two may speak at once",
    "speaker_doubtful": "passages in which others speak as well",
    "translation_doubtful": "translations among the least certain of their language",
    "empty": "translations without words",
    "loop": "translations that repeat themselves",
    "copy": "translations that copy the original",
    "wrong_script": "translations in the wrong script",
    "too_long": "translations much longer than the original",
    "too_short": "translations much shorter than the original",
    "cut": "translations that may lack their end",
    "example": "translations with words of an example that nobody said",
    "link": "translations that lack a web or mail address",
    "number": "translations with another number than the original",
    "term_missing": "translations that lack a name or term of the glossary",
    STALE: "translations of what has been corrected since",
    UNSEEN: "translations of what was reviewed before they were made",
}


def quality_word(quality: float | None, flags: Sequence[str]) -> Quality:
    """What a reader should make of a translation with this estimate (0..1) and these flags.

    A translation in doubt is doubtful whatever the estimate. Without an estimate a
    person wrote it, or none is needed: good.
    """
    doubts = set(flags) - NO_DOUBT
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
    return 1.0 - right * FLAGGED ** (len(flags) + len(set(translation_flags) - NO_DOUBT))
