"""Recordings as sound: any container, honest durations, one pass, clear refusals."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame

from nlp.audio import SAMPLE_RATE_HZ, cut, probe, stream
from transcripts.errors import MediaError
from transcripts.records import Span

Maker = Callable[..., Path]


def tone(seconds: float, rate_hz: int, channels: int = 1) -> np.ndarray:
    """A 440 Hz tone of shape (channels, samples), at half of full scale."""
    times_s = np.arange(int(seconds * rate_hz)) / rate_hz
    return np.tile(0.5 * np.sin(2 * np.pi * 440 * times_s), (channels, 1)).astype(np.float32)


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


@pytest.fixture
def sound_file(tmp_path: Path) -> Maker:
    """Makes a file of a tone; WAV with any number of channels, other containers in mono."""

    def make(name: str, seconds: float = 3.0, rate_hz: int = 16_000, channels: int = 1) -> Path:
        path = tmp_path / name
        samples = tone(seconds, rate_hz, channels)
        if path.suffix == ".wav":
            with wave.open(str(path), "wb") as file:
                file.setparams((channels, 2, rate_hz, 0, "NONE", ""))
                file.writeframes((samples.T * 32767).astype("<i2").tobytes())
            return path
        with av.open(str(path), "w") as container:
            track = container.add_stream(container.default_audio_codec, rate=rate_hz, layout="mono")
            assert isinstance(track, av.AudioStream)
            for start in range(0, samples.shape[1], 960):
                piece = np.ascontiguousarray(samples[:, start : start + 960])
                frame = AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
                frame.sample_rate, frame.pts = rate_hz, start
                container.mux(track.encode(frame))
            container.mux(track.encode(None))
        return path

    return make


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.opus", "a.m4a", "a.mkv"])
def test_containers_are_probed_and_decoded(sound_file: Maker, name: str) -> None:
    path = sound_file(name, rate_hz=48_000)
    info = probe(path)
    samples = np.concatenate(list(stream(path)))
    assert info.kind == "audio"
    assert info.duration_s == pytest.approx(3.0, abs=0.1)
    assert len(samples) / SAMPLE_RATE_HZ == pytest.approx(3.0, abs=0.1)
    assert rms(samples) == pytest.approx(0.354, abs=0.05)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100, 96_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_every_rate_and_channel_count_becomes_mono_at_16_khz(
    sound_file: Maker, rate_hz: int, channels: int
) -> None:
    path = sound_file("a.wav", 1.0, rate_hz, channels)
    samples = np.concatenate(list(stream(path)))
    assert len(samples) == pytest.approx(SAMPLE_RATE_HZ, abs=200)
    assert rms(samples) == pytest.approx(0.354, abs=0.05)


def test_cut_gives_the_samples_of_each_span_in_one_pass(sound_file: Maker) -> None:
    path = sound_file("a.flac", 70.0)
    whole = np.concatenate(list(stream(path)))
    spans = [Span(0.0, 1.0), Span(0.5, 45.0), Span(44.0, 44.5), Span(69.5, 80.0)]
    for span, samples in zip(spans, cut(path, spans), strict=True):
        expected = whole[int(span.start_s * SAMPLE_RATE_HZ) : int(span.end_s * SAMPLE_RATE_HZ)]
        assert np.array_equal(samples, expected)


def test_spans_to_cut_must_be_sorted(sound_file: Maker) -> None:
    with pytest.raises(ValueError, match="sorted"):
        list(cut(sound_file("a.wav"), [Span(1.0, 2.0), Span(0.0, 1.0)]))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    path.touch()
    with pytest.raises(MediaError, match=r"empty\.wav is empty"):
        probe(path)


@pytest.mark.parametrize("content", [b"hello, this is text\n" * 100, b"\x00\x01\x02" * 500, b"RIFF"])
def test_what_is_not_sound_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.wav"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=r"notes\.wav"):
        probe(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="check the path"):
        probe(tmp_path / "nowhere.wav")
    with pytest.raises(MediaError, match="is a folder"):
        probe(tmp_path)


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as container:
        track = container.add_stream("mpeg4", rate=5)
        track.width, track.height, track.pix_fmt = 64, 64, "yuv420p"
        for _ in range(5):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(track.encode(picture))
        container.mux(track.encode(None))
    with pytest.raises(MediaError, match="no sound in it"):
        probe(path)


@pytest.mark.parametrize("name", ["cut.mp3", "cut.wav", "cut.flac"])
def test_a_file_that_ends_before_its_header_says_is_refused(sound_file: Maker, name: str) -> None:
    path = sound_file(name, 30.0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(MediaError, match=r"cut off: its header declares 30\.\d s"):
        probe(path)


def test_a_wav_header_that_promises_less_than_there_is_loses_nothing_declared(tmp_path: Path) -> None:
    path = tmp_path / "short.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(b"\x00\x10" * 16_000)
    assert probe(path).duration_s == pytest.approx(1.0)
