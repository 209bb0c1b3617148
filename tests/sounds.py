"""Sound for tests: signals of shape (channels, samples), and files of them in any format."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame

from nlp.audio import stream

Sound = npt.NDArray[np.float32]


def tone(seconds: float, rate_hz: int, channels: int = 1) -> Sound:
    """A 440 Hz tone of shape (channels, samples), at half of full scale."""
    times_s = np.arange(int(seconds * rate_hz)) / rate_hz
    return np.tile(0.5 * np.sin(2 * np.pi * 440 * times_s), (channels, 1)).astype(np.float32)


def babble(seconds: float, seed: int, rate_hz: int = 16_000) -> Sound:
    """Noise that comes in syllables and phrases, as speech does: shape (samples,), peaks below 1."""
    rng = np.random.default_rng(seed)
    count = int(seconds * rate_hz)
    syllables = np.repeat(rng.uniform(0.1, 1.0, count // (rate_hz // 5) + 1), rate_hz // 5)[:count]
    dull = np.convolve(rng.standard_normal(count), np.hanning(9) / 4, mode="same")
    return np.asarray(0.1 * syllables * dull, dtype=np.float32)


def rms(samples: npt.NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


def heard(path: Path, channel: int | None = None) -> npt.NDArray[np.float32]:
    """All of a file's signal."""
    return np.concatenate(list(stream(path, channel=channel)))


def write_sound(
    path: Path,
    sound: Sound,
    rate_hz: int = 16_000,
    codec: str = "",
    starts_s: dict[float, float] | None = None,
) -> Path:
    """A file of sound (channels, samples) in the container that its name asks for.

    `starts_s` says from which second of the sound on time stamps are put off, and by how much.
    """
    layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}.get(len(sound), f"{len(sound)} channels")
    with av.open(str(path), "w") as container:
        track = container.add_stream(codec or container.default_audio_codec, rate=rate_hz, layout=layout)
        assert isinstance(track, av.AudioStream)
        resampler = av.AudioResampler(track.codec_context.format.name, layout, rate_hz)
        step = rate_hz // 50
        for start in range(0, sound.shape[1], step):
            packed = np.ascontiguousarray(sound[:, start : start + step].T.reshape(1, -1))
            frame = AudioFrame.from_ndarray(packed, format="flt", layout=layout)
            late_s = [late for since_s, late in (starts_s or {}).items() if start >= since_s * rate_hz]
            frame.sample_rate = rate_hz
            for converted in resampler.resample(frame):
                converted.pts = start + round(sum(late_s) * rate_hz)
                container.mux(track.encode(converted))
        container.mux(track.encode(None))
    return path
