"""Who may be speaking, as people say it: 'my name is ...', 'thank you, Mr ...', 'next question from ...'.

A hint is shown to an editor who names a voice. It is never taken for the truth: people
are misheard, and speak of others. What people say is data (`configs/speaker_cues.yaml`),
passed in as read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex
from rapidfuzz import fuzz

from nlp.spelling import plain_name
from transcripts.errors import ConfigurationError
from transcripts.records import Segment, Speaker, SpeakerHint, Turn

WHO = ("self", "next", "previous")


@dataclass(frozen=True, slots=True)
class HintOptions:
    """Where hints are looked for, and how sure a name must be."""

    near_s: float = 20.0  # between the words and the change of speaker that they are about
    alike_above: float = 85.0  # of 100: spelled so nearly like a speaker's name, or a part of it
    lead: float = 5.0  # by which no other speaker may come near
    shortest_part: int = 4  # letters of a name that may be compared with a part of another;
    shortest_ideographs: int = 2  # characters, where it is written in Chinese ones


@dataclass(frozen=True, slots=True)
class Cue:
    """One pattern with a group `name`."""

    who: str
    pattern: regex.Pattern[str]
    known_names_only: bool


Cues = Mapping[str, Sequence[Cue]]  # by language code


def compile_cues(data: Mapping[str, Any]) -> Cues:
    """Patterns as read from YAML, ready to search. Raises ConfigurationError for one that is not valid."""
    return {
        code: [_cue(code, held, each) for each in held["cues"]] for code, held in data["languages"].items()
    }


def _cue(code: str, held: Mapping[str, Any], each: Mapping[str, Any]) -> Cue:
    if each["who"] not in WHO:
        raise ConfigurationError(
            f"speaker cues, {code}: who is '{each['who']}', and can only be one of {', '.join(WHO)}."
        )
    titles = "|".join(sorted(held.get("titles", ()), key=len, reverse=True))
    address = "|".join(sorted(held.get("address", ()), key=len, reverse=True))
    # names keep their case, as capital letters tell them from other words
    name = f"(?-i:(?P<name>{held['name']}))"
    titled = f"(?:(?:{titles}) )+{name}" if titles else f"{name} ?(?:{address})"
    either = f"(?:(?:{titles}) )*{name}" if titles else name
    try:
        pattern = regex.compile(
            each["pattern"].replace("{titled}", titled).replace("{name}", either), regex.IGNORECASE
        )
    except regex.error as error:
        raise ConfigurationError(
            f"speaker cues, {code}: the pattern {each['pattern']!r} is not a regular expression ({error})."
        ) from error
    if "name" not in pattern.groupindex:
        raise ConfigurationError(
            f"speaker cues, {code}: the pattern {each['pattern']!r} has no {{name}} and no {{titled}} in it."
        )
    return Cue(each["who"], pattern, bool(each.get("known_names_only", False)))


def find_hints(
    segments: Sequence[Segment],
    turns: Sequence[Turn],
    speakers: Sequence[Speaker],
    cues: Cues,
    options: HintOptions,
) -> list[SpeakerHint]:
    """Hints in the texts of attributed segments, in order of time.

    `turns` are in order of time. A label that nobody takes up near by gives no hint.
    """
    found: dict[tuple[str, str, str, str], SpeakerHint] = {}
    for segment in segments:
        if segment.speaker is None:
            continue
        for cue, match in _matches(segment, cues):
            at_s = segment.span.start_s + segment.span.duration_s * match.start() / len(segment.text)
            label = _label_meant(cue.who, segment.speaker, at_s, turns, options)
            heard = match["name"]
            speaker_id = match_speaker(heard, speakers, options)
            if label and (speaker_id or not cue.known_names_only):
                hint = SpeakerHint(
                    segment.recording_id, at_s, label, heard, cue.who, match.group(), speaker_id
                )
                found.setdefault((segment.id, label, cue.who, heard), hint)
    return sorted(found.values(), key=lambda hint: (hint.at_s, hint.label))


def _matches(segment: Segment, cues: Cues) -> Iterator[tuple[Cue, regex.Match[str]]]:
    for cue in cues.get(segment.language, ()):
        for match in cue.pattern.finditer(segment.text):
            yield cue, match


def _label_meant(who: str, own: str, at_s: float, turns: Sequence[Turn], options: HintOptions) -> str | None:
    """The label that words at a time are about, when its turn begins or ends near enough."""
    after = bisect_left(turns, at_s, key=lambda turn: turn.span.start_s)
    if who == "next":
        following = next((turn for turn in turns[after:] if turn.label != own), None)
        near = following and following.span.start_s - at_s <= options.near_s
        return following.label if following and near else None
    before = next((turn for turn in reversed(turns[:after]) if turn.label != own), None)
    if who == "previous":
        return before.label if before and at_s - before.span.end_s <= options.near_s else None
    since_s = before.span.end_s if before else turns[0].span.start_s if turns else at_s
    return own if at_s - since_s <= options.near_s else None


def match_speaker(heard: str, speakers: Sequence[Speaker], options: HintOptions) -> str | None:
    """The id of the one speaker whose name, or a part of it, is spelled like what was heard."""
    scores = sorted(((_likeness(heard, each.name, options), each.id) for each in speakers), reverse=True)
    if not scores or scores[0][0] < options.alike_above:
        return None
    if len(scores) > 1 and scores[0][0] - scores[1][0] < options.lead:
        return None
    return scores[0][1]


def _likeness(heard: str, name: str, options: HintOptions) -> float:
    """0..100: how alike two names are, in any order of their parts, or one as a part of the other."""
    short, whole = sorted((plain_name(heard), plain_name(name)), key=len)
    likeness = fuzz.token_set_ratio(short, whole)
    ideographic = regex.fullmatch(r"[\p{Han}々 ]+", short)
    if len(short) >= (options.shortest_ideographs if ideographic else options.shortest_part):
        likeness = max(likeness, fuzz.partial_ratio(short, whole))
    return float(likeness)
