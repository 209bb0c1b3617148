"""A pyannote pipeline in the place of our own diarization: the same turns, labels and voices."""

from __future__ import annotations

import os
import sys
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fakes import FakeVoices
from pyannote.core import Annotation, Segment

from nlp.pyannote import PyannoteDiarizer, load_pyannote
from nlp.speakers import SpeakerOptions
from transcripts.errors import ModelError
from transcripts.records import Span


@dataclass
class Output:
    speaker_diarization: Annotation


class FakePipeline:
    """Two voices, the second of which begins before the first has ended."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def __call__(self, file: Mapping[str, Any], **options: int) -> Output:
        self.asked = {"shape": tuple(file["waveform"].shape), **options}
        found = Annotation()
        found[Segment(2.0, 5.0)] = "SPEAKER_00"
        found[Segment(0.5, 2.5)] = "SPEAKER_01"
        return Output(found)


def test_turns_are_labelled_in_their_order_and_overlaps_are_told(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = tmp_path / "talk.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(np.random.default_rng(3).normal(0, 3000, 16_000 * 6).astype("<i2").tobytes())
    pipeline, reached = FakePipeline(), list[float]()
    diarizer = PyannoteDiarizer(pipeline, FakeVoices(), SpeakerOptions())
    found = diarizer.turns_of("r", path, (), 2, reached.append)
    assert [(turn.label, turn.span) for turn in found.turns] == [("S1", Span(0.5, 2.5)), ("S2", Span(2, 5))]
    assert found.overlaps == (Span(2.0, 2.5),)
    assert set(found.voices) == {"S1", "S2"}
    assert pipeline.asked == {"shape": (1, 6 * 16_000), "max_speakers": 4}
    assert reached == [6.0]


def test_a_missing_package_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyannote.audio", None)
    with pytest.raises(ModelError, match=r"pyannote\.audio is not installed.*pip install"):
        load_pyannote(f"pyannote/speaker-diarization-community-1@{'a' * 40}")


@pytest.mark.parametrize("name", ["pyannote/speaker-diarization-community-1", "pyannote/x@main", "nowhere"])
def test_pickles_without_a_commit_are_refused(name: str) -> None:
    with pytest.raises(ModelError, match="does not say which commit of it is meant"):
        load_pyannote(name)


def test_a_pipeline_is_loaded_by_its_commit_and_as_arrays_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for the package; its own weights cannot be had here."""
    torch = pytest.importorskip("torch")
    for name in ("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "PYANNOTE_METRICS_ENABLED"):
        monkeypatch.setenv(name, "")  # so that what loading sets is taken back after the test
        monkeypatch.delenv(name)
    loaded: list[tuple[str, str, set[str]]] = []

    class Pipeline:
        @staticmethod
        def from_pretrained(name: str, revision: str) -> FakePipeline:
            safe = {getattr(each, "__name__", "") for each in torch.serialization.get_safe_globals()}
            loaded.append((name, revision, safe))
            return FakePipeline()

    records = {name: type(name, (), {}) for name in ("Problem", "Resolution", "Specifications")}
    monkeypatch.setitem(sys.modules, "pyannote.audio", SimpleNamespace(Pipeline=Pipeline))
    monkeypatch.setitem(sys.modules, "pyannote.audio.core", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "pyannote.audio.core.task", SimpleNamespace(**records))
    load_pyannote(f"pyannote/x@{'a' * 40}")
    ((name, revision, safe),) = loaded
    assert (name, revision) == ("pyannote/x", "a" * 40)
    assert {*records, "TorchVersion"} <= safe
    assert os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] == "1"
    assert not {*records} & {getattr(each, "__name__", "") for each in torch.serialization.get_safe_globals()}
