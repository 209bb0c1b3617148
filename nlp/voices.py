"""Voices as vectors: the GE2E speaker encoder, in plain numpy.

The network (three LSTM layers of 256 and a linear layer with ReLU, Wan et al. 2018,
https://arxiv.org/abs/1710.10467) is small enough that numpy runs it 100 times faster
than real time; so no deep-learning library is loaded for it. The weights are those of
Resemblyzer, whose mel settings are repeated here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from nlp.audio import SAMPLE_RATE_HZ, Samples
from nlp.machine import thread_count
from transcripts.errors import ModelError
from transcripts.records import Signature

Vectors = npt.NDArray[np.float32]  # shape (n, 256), rows of length one

MEL_CHANNELS = 40
WINDOW_SAMPLES = 400  # 25 ms
HOP_SAMPLES = 160  # 10 ms
LAYERS = 3
# Quieter sound is raised to this. In training it was -30; between -28 and -26 far microphones' voices are
# told apart better (diarization error of the AMI excerpts 0.29 instead of 0.31), near ones' no worse.
FULL_LOUDNESS_DBFS = -27.0
# The products are too small to share among threads: one batch a thread is five times faster, and 64
# windows of activations still fit the processor's cache.
BATCH = 64


class VoiceEncoder(Protocol):
    """Anything that turns windows of speech into voice vectors."""

    @property
    def signature(self) -> Signature: ...

    def embed(self, windows: Sequence[Samples]) -> Vectors:
        """Unit vectors of shape (len(windows), dim); windows may differ in length."""
        ...


class Ge2eEncoder:
    """GE2E from a `.npz` of its weights (names as in Resemblyzer's checkpoint)."""

    def __init__(self, weights: Path, revision: str, licence: str = "Apache-2.0") -> None:
        """Load the weights. Raises ModelError when they are not those of GE2E."""
        from faster_whisper.feature_extractor import FeatureExtractor

        try:
            with np.load(weights, allow_pickle=False) as held:
                self._weights: Mapping[str, npt.NDArray[np.float32]] = {
                    name: held[name] for name in held.files
                }
            self._layers = [self._layer(number) for number in range(LAYERS)]
        except (OSError, KeyError, ValueError) as error:
            raise ModelError(f"{weights} does not hold the GE2E voice encoder ({error}).") from error
        self._mel_filters = FeatureExtractor.get_mel_filters(
            SAMPLE_RATE_HZ, WINDOW_SAMPLES, MEL_CHANNELS
        ).astype(np.float32)
        self._lock = threading.Lock()
        self._window = np.hanning(WINDOW_SAMPLES + 1)[:-1].astype(np.float32)
        self.signature = voices_signature("ge2e", revision, licence)

    def _layer(self, number: int) -> tuple[npt.NDArray[np.float32], ...]:
        """Input weights, recurrent weights and bias of an LSTM layer, ready to multiply from the right."""
        held = self._weights
        bias = held[f"lstm.bias_ih_l{number}"] + held[f"lstm.bias_hh_l{number}"]
        ingoing, recurrent = held[f"lstm.weight_ih_l{number}"], held[f"lstm.weight_hh_l{number}"]
        return np.ascontiguousarray(ingoing.T), np.ascontiguousarray(recurrent.T), bias

    def embed(self, windows: Sequence[Samples]) -> Vectors:
        """Unit vectors of shape (len(windows), 256); windows of one length share a batch."""
        found = np.zeros((len(windows), 256), dtype=np.float32)
        # one caller at a time: each would put back the limit of another
        with self._lock, threadpool_limits(1), ThreadPoolExecutor(thread_count(0)) as pool:
            batches = list(_batches([len(window) for window in windows]))
            stacked = (np.stack([windows[index] for index in batch]) for batch in batches)
            for batch, vectors in zip(batches, pool.map(self._embedded, stacked), strict=True):
                found[batch] = vectors
        return found

    def _embedded(self, windows: npt.NDArray[np.float32]) -> Vectors:
        return self._forward(self._mel(windows))

    def _mel(self, windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(windows, samples) -> (windows, frames, 40): mel power (no logarithm) at the usual loudness."""
        mean_square = np.mean(np.square(windows), axis=1, keepdims=True) + np.float32(1e-10)
        gain_db = np.maximum(0.0, FULL_LOUDNESS_DBFS - 10 * np.log10(mean_square))
        loud = windows * (10 ** (gain_db / 20)).astype(np.float32)
        padded = np.pad(loud, ((0, 0), (WINDOW_SAMPLES // 2,) * 2), mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES, axis=1)[:, ::HOP_SAMPLES]
        power = np.abs(np.fft.rfft(frames * self._window)) ** 2
        return np.asarray(power @ self._mel_filters.T, dtype=np.float32)

    def _forward(self, mel: npt.NDArray[np.float32]) -> Vectors:
        """(windows, frames, 40) -> (windows, 256)."""
        sequence = np.swapaxes(mel, 0, 1)  # (frames, windows, channels): one step of time at a time
        for ingoing, recurrent, bias in self._layers:
            sequence = _lstm(sequence, ingoing, recurrent, bias)
        raw = np.maximum(sequence[-1] @ self._weights["linear.weight"].T + self._weights["linear.bias"], 0.0)
        return unit(raw)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indexes in batches of equal length."""
    by_length: dict[int, list[int]] = {}
    for index, length in enumerate(lengths):
        by_length.setdefault(length, []).append(index)
    for members in by_length.values():
        for start in range(0, len(members), BATCH):
            yield members[start : start + BATCH]


def _lstm(
    sequence: npt.NDArray[np.float32],
    ingoing: npt.NDArray[np.float32],
    recurrent: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """One LSTM layer over (time, batch, channels), gates in the order input, forget, cell, output."""
    steps, batch, _ = sequence.shape
    width = recurrent.shape[0]
    projected = sequence @ ingoing + bias
    hidden = np.zeros((batch, width), dtype=np.float32)
    cell = np.zeros((batch, width), dtype=np.float32)
    outputs = np.empty((steps, batch, width), dtype=np.float32)
    for step in range(steps):
        gates = projected[step] + hidden @ recurrent
        candidate = np.tanh(gates[:, 2 * width : 3 * width])
        # sigmoid(x) = (1 + tanh(x / 2)) / 2, which never overflows
        gates = 0.5 * (1.0 + np.tanh(0.5 * gates))
        cell = gates[:, width : 2 * width] * cell + gates[:, :width] * candidate
        hidden = gates[:, 3 * width :] * np.tanh(cell)
        outputs[step] = hidden
    return outputs


def unit(vectors: npt.NDArray[np.floating]) -> Vectors:
    """Rows scaled to length one; a row of zeros stays as it is."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)


def voices_signature(model: str, revision: str, licence: str = "") -> Signature:
    """What made voice vectors."""
    return Signature("nlp.voices", model, revision, licence, {"full_loudness_dbfs": FULL_LOUDNESS_DBFS})
