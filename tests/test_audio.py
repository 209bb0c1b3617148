"""Recordings as sound: any container, honest durations, one pass, clear refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from sounds import rms, tone, write_sound

from nlp.audio import SAMPLE_RATE_HZ, probe, stream
from nlp.cutting import cut
from transcripts.errors import MediaError
from transcripts.records import Span

Maker = Callable[..., Path]


@pytest.fixture
def sound_file(tmp_path: Path) -> Maker:
    """Makes a file of a tone, of any kind and number of channels."""

    def make(
        name: str, seconds: float = 3.0, rate_hz: int = 16_000, channels: int = 1, codec: str = ""
    ) -> Path:
        codec = codec or {"a.mkv": "libopus"}.get(name, "")
        return write_sound(tmp_path / name, tone(seconds, rate_hz, channels), rate_hz, codec)

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


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2, 3, 8])
def test_every_rate_and_channel_count_becomes_mono_at_16_khz(
    sound_file: Maker, rate_hz: int, channels: int
) -> None:
    path = sound_file("a.wav", 1.0, rate_hz, channels)
    samples = np.concatenate(list(stream(path)))
    assert len(samples) == pytest.approx(SAMPLE_RATE_HZ, abs=200)
    assert rms(samples) == pytest.approx(0.354, abs=0.05)


@pytest.mark.parametrize(
    "codec",
    ["pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_u8", "pcm_alaw", "pcm_mulaw"],
)
def test_every_form_of_samples_is_read(sound_file: Maker, codec: str) -> None:
    path = sound_file("a.wav", 2.0, 8_000, 2, codec)
    info, samples = probe(path), np.concatenate(list(stream(path)))
    assert (info.codec, info.channels, info.layout, info.duration_s) == (codec, 2, "copies", 2.0)
    assert rms(samples) == pytest.approx(0.354, abs=0.01)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.flac", ""), ("a.mp4", "aac"), ("a.mkv", "aac"), ("a.wav", "")]
)
@pytest.mark.parametrize("channels", [6, 8])
def test_many_channels_are_read_packed_or_in_planes(
    sound_file: Maker, name: str, codec: str, channels: int
) -> None:
    path = sound_file(name, 2.0, 48_000, channels, codec)
    samples = np.concatenate(list(stream(path)))
    assert probe(path).channels == channels
    assert len(samples) == pytest.approx(2 * SAMPLE_RATE_HZ, abs=1000)
    assert rms(samples[2000:-2000]) == pytest.approx(0.354, abs=0.02)


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
