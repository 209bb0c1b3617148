"""From sound to who says what: the stages of a recording that nobody has captioned.

A long recording is listened to, decoded and told apart by voices in parts (`nlp.parts`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from flows.jobs import Job, Made
from flows.layers import Regions, Voices, VoiceVectors
from flows.models import speaker_cues
from flows.yamlfile import read_yaml
from nlp import naming, speakers
from nlp.diarization import VoiceDiarizer
from nlp.glossary import Glossary
from nlp.hints import compile_cues, find_hints
from nlp.listening import Hearing, Listening, Tick
from nlp.parts import is_parted, parts_of, starting_in
from nlp.transcription import Transcript
from transcripts.records import Segment, Span, SpeakerHint, Turn


def parts_by(job: Job, places: Sequence[Span]) -> Sequence[Span]:
    """The parts of a long recording, cut between places that are sorted; none of a short one."""
    options = job.models.part_options
    return parts_of(places, job.duration_s, options) if is_parted(job.duration_s, options) else []


def whole(job: Job, made: Made) -> Sequence[Span]:
    """All of a long recording; its parts are known once this has been made."""
    return [Span(0.0, job.duration_s)] if is_parted(job.duration_s, job.models.part_options) else []


def found_parts(job: Job, made: Made) -> Sequence[Span]:
    """Parts by where speech has just been found."""
    return parts_by(job, [each.span for found in made["regions"] for each in found.regions])


def heard_parts(job: Job, made: Made) -> Sequence[Span]:
    """The same parts, once the recording has been listened to."""
    heard: Listening = made["runs"]
    return parts_by(job, [each.span for each in heard.regions])


def _follows(job: Job, part: Span) -> bool:
    """Whether another part of the recording comes after this one."""
    return part.end_s < job.duration_s


def find_regions(job: Job, made: Made, part: Span, tick: Tick) -> Regions:
    """Where there is speech. Raises MediaError when there is none."""
    _check_voices(job)
    return Regions(job.models.listener.regions_of(job.path(), job.channels, tick))


def _check_voices(job: Job) -> None:
    """Raises MediaError where a known voice cannot be heard: now, and not when hours of work are done."""
    for each in job.voice_samples:
        naming.speech_in(each.path, each.span)


def hear(job: Job, made: Made, part: Span, tick: Tick) -> Hearing:
    """The stretches of one language in a part."""
    regions = starting_in(part, made["regions"][0].regions)
    listener = job.models.listener
    return listener.hear(job.path(), regions, job.panel.languages, tick, _follows(job, part))


def listen(job: Job, made: Made, tick: Tick) -> Listening:
    """Language runs, of what was heard in parts or of the whole recording."""
    listener, languages = job.models.listener, job.panel.languages
    if parts := made["stretches"]:
        heard = listener.joined(made["regions"][0].regions, parts, languages)
    else:
        _check_voices(job)
        heard = listener.listen_to(job.path(), languages, job.channels, tick)
    return replace(heard, notes=job.warnings + heard.notes)


def decode(job: Job, made: Made, part: Span, tick: Tick) -> Transcript:
    """The text of the runs that start in a part."""
    heard: Listening = made["runs"]
    spoken = replace(heard, runs=tuple(starting_in(part, heard.runs)))
    names = job.conference.names(job.panel.languages)
    glossary = Glossary.of(names) if names else None
    transcriber, follows = job.models.transcriber, _follows(job, part)
    return transcriber.decode(job.recording_id, job.path(), spoken, tick, glossary, follows)


def transcribe(job: Job, made: Made, tick: Tick) -> Transcript:
    """The transcript of what was decoded in parts, or of the whole recording."""
    decoded = made["decoded"] or [decode(job, made, Span(0.0, math.inf), tick)]
    return job.models.transcriber.joined(job.path(), made["runs"], decoded)


def voice_parts(job: Job, made: Made) -> Sequence[Span]:
    """A pyannote pipeline takes a recording as a whole."""
    return [] if job.models.profile.speakers.diarization else heard_parts(job, made)


def embed_voices(job: Job, made: Made, part: Span, tick: Tick) -> VoiceVectors:
    """Voice vectors of the regions that start in a part."""
    heard: Listening = made["runs"]
    diarizer = VoiceDiarizer(job.models.voice_encoder, job.models.speaker_options)
    regions = starting_in(part, heard.regions)
    return VoiceVectors.of(diarizer.vectors_of(job.path(), regions, tick, _follows(job, part)))


def tell_speakers(job: Job, made: Made, tick: Tick) -> Voices:
    """Turns by voice, named where a voice is enrolled, and segments cut at them."""
    transcript: Transcript = made["transcript"]
    heard: Listening = made["runs"]
    models = job.models
    most = models.profile.speakers.max_speakers or len(job.speakers)
    vectors = [each for part in made["voices"] for each in part.vectors()]
    languages = {each.id: each.languages for each in job.speakers}
    encoder, options = models.voice_encoder, models.speaker_options
    known = [
        naming.Voice(
            each.speaker_id,
            naming.enrol(each.path, encoder, options, each.span),
            languages[each.speaker_id],
        )
        for each in job.voice_samples
    ]
    diarized = models.diarizer.turns_of(job.recording_id, job.path(), heard.regions, most, tick, vectors)
    spoken = speakers.spoken_languages(transcript.segments, diarized.turns)
    turns = naming.name_turns(diarized, known, spoken, options)
    attributed = speakers.with_overlaps(speakers.attribute(transcript.segments, turns), diarized.overlaps)
    segments = naming.doubted(attributed, turns, languages)
    return Voices(tuple(segments), turns, tuple(_hints(job, segments, turns)))


def _hints(job: Job, segments: Sequence[Segment], turns: Sequence[Turn]) -> list[SpeakerHint]:
    cues = compile_cues(read_yaml(speaker_cues()).data)
    return find_hints(segments, turns, job.speakers, cues, job.models.hint_options)
