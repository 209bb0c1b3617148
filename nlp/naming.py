"""Whose voice it is: labels named after known voices, where there is no doubt.

A name is given only where one known voice is near and clearly nearer than all others:
no name is better than a wrong one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nlp.audio import Samples, stream
from nlp.cutting import cut
from nlp.regions import RegionOptions, speech_regions
from nlp.speakers import Diarization, SpeakerOptions, embed_regions
from nlp.voices import VoiceEncoder, unit
from transcripts.errors import MediaError
from transcripts.records import Segment, Span, Turn


@dataclass(frozen=True, slots=True)
class Voice:
    """A known voice: a unit vector, and the languages its owner speaks (none: any).

    A speaker may have several: of an enrolment clip, and of labels that an editor has
    confirmed in other recordings. The nearest counts.
    """

    speaker_id: str
    vector: tuple[float, ...]
    languages: tuple[str, ...] = ()


def enrol(
    clip: Path, encoder: VoiceEncoder, options: SpeakerOptions, within: Span | None = None
) -> tuple[float, ...]:
    """The mean voice of the speech in a recording, or `within` a part of it: a unit vector of shape (dim,).

    Raises MediaError when the file cannot be read or has no speech there.
    """
    spans, sounds = zip(*speech_in(clip, within), strict=True)
    vectors = np.concatenate(list(embed_regions(spans, sounds, encoder, options)))
    return tuple(map(float, unit(vectors.mean(axis=0))))


def speech_in(clip: Path, within: Span | None = None) -> list[tuple[Span, Samples]]:
    """Where there is speech in a clip, or `within` a part of it, and its sound. Raises as `enrol` does."""
    blocks = stream(clip) if within is None else cut(clip, [within])
    found = list(speech_regions(blocks, RegionOptions()))
    if not found:
        where = f" between {within.start_s:g} and {within.end_s:g} s" if within else ""
        raise MediaError(
            f"{clip} has no speech in it{where}: give 5 to 60 s in which this speaker alone speaks."
        )
    return found


def name_turns(
    diarization: Diarization,
    known: Sequence[Voice],
    spoken: Mapping[str, str],
    options: SpeakerOptions,
) -> tuple[Turn, ...]:
    """The same turns with `speaker_id` where a known voice is clearly the nearest.

    `spoken` gives the language each label mostly speaks; a speaker who does not
    speak it lends the label no name, and keeps others from theirs all the same: the voice
    may be that speaker's, in another language. Each name is given at most once.
    """
    languages = {voice.speaker_id: voice.languages for voice in known}
    names: dict[str, str] = {}
    for label, speaker_id in _clearly_nearest(_distances(diarization.voices, known), options):
        theirs = languages[speaker_id]
        fits = not theirs or spoken.get(label, theirs[0]) in theirs
        if fits and label not in names and speaker_id not in names.values():
            names[label] = speaker_id
    return tuple(replace(turn, speaker_id=names.get(turn.label)) for turn in diarization.turns)


def _distances(
    labels: Mapping[str, tuple[float, ...]], known: Sequence[Voice]
) -> dict[tuple[str, str], float]:
    """The cosine distance of each label to each speaker."""
    found: dict[tuple[str, str], float] = {}
    for label, vector in labels.items():
        for voice in known:
            pair = label, voice.speaker_id
            found[pair] = min(found.get(pair, 2.0), 1 - float(np.dot(vector, voice.vector)))
    return found


def _clearly_nearest(
    distances: Mapping[tuple[str, str], float], options: SpeakerOptions
) -> Iterator[tuple[str, str]]:
    """Labels, each with the speaker whose voice is near and leads all others'; the nearest pairs first."""
    for (label, speaker_id), distance in sorted(distances.items(), key=lambda item: (item[1], item[0])):
        rivals = [other for (who, name), other in distances.items() if who == label and name != speaker_id]
        leads = min(rivals, default=2.0) - distance >= options.name_margin
        if distance <= options.name_below and leads:
            yield label, speaker_id


def doubted(
    segments: Sequence[Segment], turns: Sequence[Turn], languages: Mapping[str, Sequence[str]]
) -> list[Segment]:
    """The same segments, flagged where a named speaker would speak a language that is not one of theirs.

    `languages` are those of each speaker; where none are given, any may be spoken.
    """
    spoken = {turn.label: languages.get(turn.speaker_id, ()) for turn in turns if turn.speaker_id}
    return [
        replace(each, flags=tuple(dict.fromkeys((*each.flags, "language_doubtful"))))
        if (theirs := spoken.get(each.speaker or "")) and each.language not in theirs
        else each
        for each in segments
    ]
