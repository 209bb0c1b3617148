"""What is doubtful about a passage, in words for the person who reads it."""

from __future__ import annotations

from transcripts.holdings import Entry
from transcripts.quality import NO_DOUBT, quality_word
from transcripts.web.wording import N_, Wording

# Flags of a passage, then of its translation.
_OF_PASSAGE = {
    "language_doubtful": N_("The language is uncertain."),
    "repetition": N_("The text may repeat itself."),
    "too_fast": N_("There are more words than can be said in the time."),
    "low_confidence": N_("The words were heard with low confidence."),
    "script_mismatch": N_("The script is not that of the language."),
    "overlap": N_("Two people may be speaking at once."),
    "speaker_doubtful": N_("Other voices are heard in this passage as well."),
}
OF_TRANSLATION = {
    "empty": N_("The translation has no words."),
    "loop": N_("The translation repeats itself."),
    "copy": N_("The translation is a copy of the original."),
    "wrong_script": N_("The translation is in the wrong script."),
    "too_long": N_("The translation is much longer than the original."),
    "too_short": N_("The translation is much shorter than the original."),
    "cut": N_("The translation may lack its end."),
    "example": N_("The translation has words of an example that nobody said."),
    "link": N_("A web or mail address is missing from the translation."),
    "number": N_("The translation has another number than the original."),
    "term_missing": N_("A name or term of the glossary is missing from the translation."),
    "translation_doubtful": N_("The translation is among the least certain of its language."),
    "stale": N_("The original was corrected after it was translated."),
    "unseen": N_("The translation was made after the passage was reviewed, and nobody has looked at it."),
}
QUALITY_WORDS = {"good": N_("good"), "check": N_("check"), "doubtful": N_("doubtful")}
STATE_WORDS = {"draft": N_("draft"), "reviewed": N_("reviewed"), "approved": N_("approved")}


def quality_of(entry: Entry) -> str:
    """The quality word of the translation shown; '' where nothing is translated."""
    if entry.translation is None:
        return ""
    return quality_word(entry.quality, entry.translation_flags)


def reasons_of(entry: Entry, wording: Wording) -> list[str]:
    """Why a person should look at a passage, a sentence each; none where nothing is doubtful."""
    said = [_reason(flag, _OF_PASSAGE, wording) for flag in entry.passage.flags]
    doubts = [flag for flag in entry.translation_flags if flag not in NO_DOUBT]
    said += [_reason(flag, OF_TRANSLATION, wording) for flag in doubts]
    if not doubts and quality_of(entry) == "doubtful":
        said.append(wording.text(N_("The translation is probably poor.")))
    return list(dict.fromkeys(said))


def _reason(flag: str, table: dict[str, str], wording: Wording) -> str:
    kind, _, detail = flag.partition(":")
    heard, equals, form = detail.partition("=")
    if kind == "glossary" and equals:
        said = wording.text(N_("“%(heard)s” may be “%(form)s” of the glossary."))
        return said.replace("%(heard)s", heard).replace("%(form)s", form)
    if kind in table:
        return wording.text(table[kind])
    return kind.replace("_", " ").capitalize() + (f": {detail}" if detail else ".")


__all__ = ["QUALITY_WORDS", "STATE_WORDS", "quality_of", "reasons_of"]
