"""`symposia estimate`: figures follow from what was measured here, and it says so."""

from __future__ import annotations

import json
import re
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import FakeModels
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import flows.speeds as speeds
from flows.cli import app
from flows.config import Conference, load_conference
from flows.estimating import estimate, estimate_conference, longest_share_s
from flows.profiles import load_profile
from flows.speeds import Speeds
from flows.work import duration_s
from flows.yamlfile import configs_dir
from transcripts.errors import ModelError, SymposiaError
from transcripts.records import Signature

CONFERENCE = """
id: talks
title: Talks
target_language: es
panels:
  - {id: opening, title: Opening, languages: [en], recording: opening.wav}
  - {id: floor, title: Floor, captions: [{path: floor.vtt, language: ko}]}
"""
MEASURED = Speeds(
    "2026-01-01",
    100.0,
    7.0,
    {"runs": 5.0, "transcript": 20.0, "speakers": 5.0, "translation": 10.0, "embedding": 2.0},
    900.0,
    {"archive": 1.0, "index": 0.5, "work": 0.5},
    1.0,
)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYMPOSIA_CACHE", str(tmp_path / "cache"))
    with wave.open(str(tmp_path / "opening.wav"), "wb") as sound:
        sound.setparams((1, 2, 8_000, 0, "NONE", ""))
        sound.writeframes(np.zeros(8_000 * 50, "<i2").tobytes())
    captions = "WEBVTT\n\n00:01.000 --> 03:20.000\n영화는 꿈입니다.\n"
    (tmp_path / "floor.vtt").write_text(captions, encoding="utf-8")
    (tmp_path / "talks.yaml").write_text(CONFERENCE, encoding="utf-8")
    return tmp_path / "talks.yaml"


def lengths(conference: Conference) -> dict[Any, float]:
    return {source: duration_s(source) for source in conference.sources}


def test_time_and_disk_grow_with_length_and_captions_are_only_read(file: Path) -> None:
    conference = load_conference(file)
    assert list(lengths(conference).values()) == [50.0, 200.0]
    found = estimate(conference, lengths(conference), MEASURED, 1)
    assert found.stages_s == pytest.approx(
        {
            "runs": 2.5,
            "transcript": 10.0,
            "speakers": 2.5,
            "passages": 0.0,
            "names": 0.0,
            "translation": 25.0,
            "embedding": 5.0,
            "translation_embedding": 0.0,
            "themes": 0.0,
        }
    )
    assert found.elapsed_s == pytest.approx(7.0 + 45.0)
    assert found.disk_mb == pytest.approx({"archive": 2.5, "index": 1.25, "work": 1.25})


def test_each_target_language_is_translated_into(file: Path) -> None:
    conference = load_conference(file).model_copy(update={"further_languages": ("ja", "fa")})
    assert estimate(conference, lengths(conference), MEASURED, 1).stages_s["translation"] == 75.0
    of_korean = load_conference(file).model_copy(update={"target_language": "ko"})
    assert estimate(of_korean, lengths(of_korean), MEASURED, 1).stages_s["translation"] == 5.0


def test_workers_share_whole_recordings(file: Path) -> None:
    conference = load_conference(file)
    found = estimate(conference, lengths(conference), MEASURED, 2)
    assert found.elapsed_s == pytest.approx(7.0 + 24.0)  # the captions, 12 % of 200 s; the sound takes 21 s
    assert found.work_s == pytest.approx(45.0)


@given(st.lists(st.floats(0, 1e6), max_size=40), st.integers(1, 10))
def test_more_workers_are_never_slower_and_nobody_does_work_twice(parts: list[float], workers: int) -> None:
    shared = longest_share_s(parts, workers)
    assert max([0.0, *parts]) <= shared + 1e-6
    assert sum(parts) / workers - 1e-3 <= shared <= sum(parts) + 1e-3


def test_measured_once_and_kept(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "faster_whisper.vad.get_speech_timestamps",
        lambda held, options: [{"start": 8_000, "end": 40_000}] if len(held) > 40_000 else [],
    )
    monkeypatch.setattr("flows.estimating.Models", FakeModels)
    estimate_conference(file, "embedded", 1)
    first = capsys.readouterr()
    assert "Measuring" in first.err
    (kept,) = (file.parent / "cache" / "speeds").iterdir()
    assert str(kept) in first.out
    held = json.loads(kept.read_text("utf-8"))
    assert held["sound_s"] == pytest.approx(262, abs=2)
    assert min(held["disk_mb"].values()) > 0
    assert held["memory_mb"] > 50
    held["stages_s"]["transcript"] = 3 * held["sound_s"]
    kept.write_text(json.dumps(held), encoding="utf-8")
    estimate_conference(file, "embedded", 3)
    again = capsys.readouterr()
    assert again.err == ""
    assert re.search(r"transcript +2\.5 min", again.out)  # of 50 s
    assert "with 3 workers" in again.out
    kept.write_text("{half of it", encoding="utf-8")
    monkeypatch.setattr(speeds, "measure", lambda models: MEASURED)
    estimate_conference(file, "embedded", 1)
    assert "Measuring" in capsys.readouterr().err
    other = FakeModels(load_profile("embedded"), configs_dir() / "themes.yaml", print)
    other.listening_signature = Signature("another")
    assert speeds.speeds_of(other, print)[1] != kept


def test_models_that_are_not_here_cannot_be_measured(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.estimating.at_hand", lambda name: None)
    with pytest.raises(ModelError, match="not on this machine"):
        estimate_conference(file, "embedded", 1)


def test_a_recording_that_is_not_sound_is_told(file: Path) -> None:
    (file.parent / "opening.wav").write_bytes(b"not sound at all" * 100)
    done = CliRunner().invoke(app, ["estimate", str(file)])
    assert isinstance(done.exception, SymposiaError)
    assert "opening.wav" in str(done.exception)
