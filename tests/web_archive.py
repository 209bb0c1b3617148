"""The sample conference with sound to play and words to follow: for the tests of the web app."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
from sample_archive import CONFERENCE, STAGES, layers, recording

from transcripts.archive import Archive, RecordingLayers
from transcripts.records import Segment, Span, Word

RATE_HZ = 8000


def write_sound(path: Path, seconds: float) -> Path:
    """A quiet tone that changes every second, as a WAV file."""
    times_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    pitch_hz = 220 + 20 * (times_s.astype(int) % 12)
    samples = (3000 * np.sin(2 * np.pi * pitch_hz * times_s)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())
    return path


def with_words(segment: Segment) -> Segment:
    """The segment with its words (or pairs of letters) spread evenly over its time."""
    text = segment.text
    pieces = text.split(" ") if " " in text else [text[at : at + 2] for at in range(0, len(text), 2)]
    step_s = segment.span.duration_s / len(pieces)
    words = tuple(
        Word(
            (" " if number and " " in text else "") + piece,
            Span(segment.span.start_s + number * step_s, segment.span.start_s + (number + 1) * step_s),
            0.9,
        )
        for number, piece in enumerate(pieces)
    )
    return replace(segment, words=words)


def layers_with_words(recording_id: str, without: tuple[str, ...] = ()) -> RecordingLayers:
    made = layers(recording_id, without)
    return replace(made, segments=tuple(map(with_words, made.segments)))


def make_archive(directory: Path) -> Archive:
    """An archive on disk: panel 'opening' has sound, the second panel has captions only."""
    archive = Archive.open(directory, create=True)
    archive.set_conference(CONFERENCE)
    sound = write_sound(directory / "rec-1.wav", 123.25)
    heard = replace(recording("rec-1"), path=str(sound))
    captions = replace(recording("rec-2"), kind="captions")
    archive.keep(heard, layers_with_words("rec-1"), STAGES)
    archive.keep(captions, layers("rec-2"), STAGES)
    return archive
