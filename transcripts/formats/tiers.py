"""A document as tiers, as annotation software has it: one a voice, and below it what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transcripts.document import Document, Remark
from transcripts.formats.subtitles import one_line


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker's remarks, none of which overlap; `speaker_id` is '' where nobody is named."""

    name: str
    speaker_id: str
    remarks: tuple[Remark, ...]


def voices(document: Document) -> tuple[Voice, ...]:
    """Speakers in the order in which they are heard; where one overlaps with itself, it has two tiers."""
    lanes: dict[tuple[str, str, int], list[Remark]] = {}
    for remark in sorted(document.remarks, key=lambda each: each.span):
        who = remark.speaker_id or "", one_line(remark.speaker, "") or "unknown", 1
        while (held := lanes.setdefault(who, [])) and milliseconds(held[-1])[1] > milliseconds(remark)[0]:
            who = who[0], who[1], who[2] + 1
        held.append(remark)
    names: dict[str, int] = {}
    found = []
    for (speaker_id, name, _), remarks in lanes.items():
        names[name] = names.get(name, 0) + 1
        shown = name if names[name] == 1 else f"{name} ({names[name]})"
        found.append(Voice(shown, speaker_id, tuple(remarks)))
    return tuple(found)


def milliseconds(remark: Remark) -> tuple[int, int]:
    """Start and end; annotation software wants an end after the start."""
    start_ms = max(0, round(remark.span.start_s * 1000))
    return start_ms, max(start_ms + 1, round(remark.span.end_s * 1000))


def below(remark: Remark) -> dict[str, str]:
    """What stands under a remark, by the name of its tier; a translation's is as `translation-en`."""
    said = {f"translation-{each.language}": each.text for each in remark.renderings}
    flags = dict.fromkeys((*remark.flags, *(flag for each in remark.renderings for flag in each.flags)))
    return {
        "passage": remark.id,
        "language": remark.language,
        **said,
        "themes": " ".join(theme.id for theme in remark.themes),
        "flags": " ".join(flags),
        "state": remark.state,
    }


def layers(remarks: Sequence[Remark]) -> tuple[str, ...]:
    """Names of the tiers under a voice that hold something."""
    found = {name: None for each in remarks for name, value in below(each).items() if value}
    return tuple(found)


__all__ = ["Voice", "below", "layers", "milliseconds", "voices"]
