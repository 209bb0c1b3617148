"""The sample conference with sound to play and words to follow: for the tests of the web app."""

from __future__ import annotations

import re
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sample_archive import CONFERENCE, STAGES, layers, recording

from transcripts.archive import Archive, RecordingLayers
from transcripts.records import Segment, Span, Word
from transcripts.web.app import PAGES, create_app

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


def local_client(archive: Archive) -> TestClient:
    """A browser on the machine itself: no login, an administrator."""
    return TestClient(create_app(archive), base_url="http://localhost")


def form_token(client: TestClient, path: str = "/") -> str:
    """The token of the forms of a page."""
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', client.get(path).text)
    assert found
    return found[1]


def addresses(*, changing: bool) -> list[str]:
    """The paths of all pages that only show something, or of those that change something."""
    routes = [route for page in PAGES for route in page.router.routes if isinstance(route, APIRoute)]
    return [route.path for route in routes if bool((route.methods or set()) - {"GET", "HEAD"}) == changing]
