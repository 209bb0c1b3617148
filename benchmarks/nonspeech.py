"""Ten minutes in which nobody speaks, made of arithmetic: whoever writes text here has invented it.

Everything is seeded: the same numpy gives the same samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from transcripts.records import Span

Samples = npt.NDArray[np.float32]  # shape (n,), mono, -1..1
Random = np.random.Generator

SEED = 20251101  # any number
RATE_HZ = 16_000
CHORDS_HZ = ((220.0, 277.2, 329.6), (185.0, 220.0, 277.2), (146.8, 185.0, 220.0), (164.8, 207.7, 246.9))
SCALE_HZ = (440.0, 493.9, 554.4, 659.3, 740.0, 880.0)  # A major, without what clashes with the chords
VOWELS_HZ = ((700.0, 1200.0, 2600.0), (300.0, 2200.0, 3000.0), (400.0, 800.0, 2500.0))  # formants of a, i, u
BEAT_S = 0.5  # 120 a minute


def silence(seconds: float, random: Random) -> Samples:
    """Digital silence."""
    return np.zeros(round(seconds * RATE_HZ), dtype=np.float32)


def white_noise(seconds: float, random: Random) -> Samples:
    """A hiss at -30 dBFS."""
    return _at(random.standard_normal(round(seconds * RATE_HZ)), -30)


def pink_noise(seconds: float, random: Random) -> Samples:
    """Noise whose power falls with the frequency, as that of rooms and air conditioning does, at -26 dBFS."""
    spectrum = np.fft.rfft(random.standard_normal(round(seconds * RATE_HZ)))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    return _at(np.fft.irfft(spectrum, round(seconds * RATE_HZ)), -26)


def hum(seconds: float, random: Random) -> Samples:
    """Mains hum of 50 Hz with its odd harmonics, swelling slowly, at -30 dBFS."""
    time = _time(seconds)
    tones = sum(np.sin(2 * np.pi * 50 * n * time + random.uniform(0, 6)) / n for n in (1, 3, 5, 7, 9))
    return _at(tones * (1 + 0.3 * np.sin(2 * np.pi * 0.1 * time)), -30)


def chords(seconds: float, random: Random) -> Samples:
    """A sustained organ: four triads in turn, two seconds each."""
    notes = [
        _note(hertz, 2.0, harmonics=6, vibrato=0.0)
        for chord in _repeated(CHORDS_HZ, seconds / 2)
        for hertz in chord
    ]
    triads = [sum(notes[first : first + 3]) for first in range(0, len(notes), 3)]
    return _at(np.concatenate(triads)[: round(seconds * RATE_HZ)], -20)


def drums(seconds: float, random: Random) -> Samples:
    """Kick, snare and hi-hat, two bars a pattern."""
    sound = np.zeros(round(seconds * RATE_HZ))
    time = _time(0.3)
    kick = np.sin(2 * np.pi * (50 * time + 15 * (1 - np.exp(-time * 30)))) * np.exp(-time * 12)
    for number in range(int(seconds / (BEAT_S / 2))):
        start = round(number * BEAT_S / 2 * RATE_HZ)
        _add(sound, start, 0.2 * random.standard_normal(800) * np.exp(-np.arange(800) / 150))
        if number % 4 == 0:
            _add(sound, start, kick)
        if number % 4 == 2:
            _add(sound, start, 0.6 * random.standard_normal(3000) * np.exp(-np.arange(3000) / 700))
    return _at(sound, -20)


def melody(seconds: float, random: Random) -> Samples:
    """One voice-like line with vibrato and breaths: what is most easily taken for a singer."""
    notes, length_s = [], 0.0
    while length_s < seconds:
        note_s = float(random.choice([BEAT_S, BEAT_S, 2 * BEAT_S, 3 * BEAT_S]))
        tone = _note(float(random.choice(SCALE_HZ)) / 2, note_s, harmonics=10, vibrato=0.012)
        notes.append(tone if random.random() < 0.85 else 0 * tone)
        length_s += note_s
    return _at(np.concatenate(notes)[: round(seconds * RATE_HZ)], -20)


def horn(seconds: float, random: Random) -> Samples:
    """A horn with a mute that opens and closes: resonances like those of vowels, and still no words.

    Silero VAD takes 2 s of it for speech, and nothing of the other sounds.
    """
    from scipy.signal import lfilter

    notes: list[npt.NDArray[np.float64]] = []
    length_s = 0.0
    while length_s < seconds:
        note_s = float(random.choice([BEAT_S / 2, BEAT_S, 2 * BEAT_S]))
        tone = _note(float(random.choice(SCALE_HZ)) * 0.3, note_s, harmonics=30, vibrato=0.012)
        resonances = VOWELS_HZ[len(notes) % len(VOWELS_HZ)]
        notes.append(np.sum([lfilter(*_resonance(each), tone) for each in resonances], axis=0))
        length_s += note_s
    return _at(np.concatenate(notes)[: round(seconds * RATE_HZ)], -20)


def band(seconds: float, random: Random) -> Samples:
    """Chords, drums and melody together."""
    parts = (chords(seconds, random), drums(seconds, random), melody(seconds, random))
    return _at(np.sum(parts, axis=0), -18)


def applause(seconds: float, random: Random) -> Samples:
    """A hall that claps: some 80 claps a second of different hands, rising and fading every 20 s."""
    sound = np.zeros(round(seconds * RATE_HZ))
    for _ in range(round(80 * seconds)):
        at_s = random.uniform(0, seconds)
        length = int(random.uniform(0.01, 0.03) * RATE_HZ)
        burst = random.standard_normal(length) * np.exp(-np.arange(length) / (length / 5))
        hertz = random.uniform(800, 2500)  # where cupped hands resound
        clap = burst * (1 + np.cos(2 * np.pi * hertz * np.arange(length) / RATE_HZ))
        _add(
            sound,
            int(at_s * RATE_HZ),
            random.uniform(0.2, 1) * (0.1 + np.sin(np.pi * (at_s % 20) / 20)) * clap,
        )
    return _at(sound, -20)


SOUNDS: dict[str, tuple[Callable[[float, Random], Samples], float]] = {  # seconds of each; 600 in all
    "muted horn": (horn, 60.0),  # first: after other sounds the detector does not hear it
    "silence": (silence, 60.0),
    "white noise": (white_noise, 60.0),
    "pink noise": (pink_noise, 60.0),
    "hum": (hum, 60.0),
    "chords": (chords, 60.0),
    "drums": (drums, 60.0),
    "melody with vibrato": (melody, 60.0),
    "band": (band, 60.0),
    "applause": (applause, 60.0),
}


def non_speech(scale: float = 1.0) -> tuple[Samples, dict[str, Span]]:
    """All sounds after one another, and where each is; `scale` shortens them."""
    random = np.random.default_rng(SEED)
    sounds, spans, reached_s = [], {}, 0.0
    for name, (make, seconds) in SOUNDS.items():
        sounds.append(_faded(make(seconds * scale, random)))
        spans[name] = Span(reached_s, reached_s + seconds * scale)
        reached_s += seconds * scale
    return np.concatenate(sounds), spans


def _time(seconds: float) -> npt.NDArray[np.float64]:
    return np.arange(round(seconds * RATE_HZ)) / RATE_HZ


def _at(sound: npt.NDArray[np.float64], level_dbfs: float) -> Samples:
    """The sound at a level (RMS), clipped as a recorder would."""
    loudness = np.sqrt(np.mean(sound**2))
    levelled = sound / max(loudness, 1e-9) * 10 ** (level_dbfs / 20)
    return np.asarray(np.clip(levelled, -1, 1), dtype=np.float32)


def _faded(sound: Samples) -> Samples:
    """Soft edges of 50 ms, so that no click marks the change of sounds."""
    ramp = np.minimum(1.0, np.arange(len(sound)) / (0.05 * RATE_HZ))
    return np.asarray(sound * ramp * ramp[::-1], dtype=np.float32)


def _note(hertz: float, seconds: float, harmonics: int, vibrato: float) -> npt.NDArray[np.float64]:
    """A tone with harmonics that fall by 6 dB an octave; `vibrato` is its depth as a share of the pitch."""
    time = _time(seconds)
    cycles = hertz * (time - vibrato * np.cos(2 * np.pi * 5.5 * time) / (2 * np.pi * 5.5))
    tone = np.sum([np.sin(2 * np.pi * n * cycles) / n for n in range(1, harmonics + 1)], axis=0)
    edges = np.minimum(1.0, np.minimum(time, seconds - time) / 0.04)
    return np.asarray(tone * edges)


def _resonance(hertz: float, width_hz: float = 90.0) -> tuple[list[float], list[float]]:
    """A two-pole filter that lets one frequency sing."""
    radius = float(np.exp(-np.pi * width_hz / RATE_HZ))
    return [1 - radius], [1.0, -2 * radius * float(np.cos(2 * np.pi * hertz / RATE_HZ)), radius**2]


def _add(sound: npt.NDArray[np.float64], start: int, piece: npt.NDArray[np.float64]) -> None:
    end = min(len(sound), start + len(piece))
    sound[start:end] += piece[: end - start]


def _repeated(chords_hz: tuple[tuple[float, ...], ...], times: float) -> Iterator[tuple[float, ...]]:
    for number in range(int(np.ceil(times))):
        yield chords_hz[number % len(chords_hz)]
