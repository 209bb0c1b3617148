"""Several channels as one signal, and what the channels are to each other.

A recording of a panel may carry a microphone a channel, the same mix on both
channels, one dead channel, or one with its polarity turned round. `AutomaticMix`
is right for all of these without knowing which it is: every moment's sound comes
from the channels that have it. `ChannelLook` tells them apart, from levels and
correlations that are gathered as the sound passes by.

Arrays of sound have the shape (channels, samples) here. What changes them takes
blocks of whole milliseconds (only the last may be ragged) and carries its state, so
that the borders of blocks leave no trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Channels = npt.NDArray[np.float32]  # shape (channels, samples)
Layout = Literal["mono", "copies", "scene", "microphones"]

STEPS_PER_S = 1000  # levels and gains are followed in steps of 1 ms, and drawn straight between them


@dataclass(frozen=True, slots=True)
class MixOptions:
    """How channels become one signal."""

    steady_below_hz: float = 5.0  # slower than this is no sound but an offset of the recorder
    smoothing_s: float = 0.05  # of a channel's power: longer than a pitch period, shorter than a syllable
    quiet_power: float = 1e-10  # -100 dB: below it channels count alike, so that silence has gains too
    opposed_below: float = -0.5  # correlation below which a channel's polarity is turned round
    turning_s: float = 0.01  # a turn is a short fade, not a click


class OffsetFilter:
    """Takes the steady part (DC offset) out of every channel: a high-pass of first order."""

    def __init__(self, sample_rate_hz: int, options: MixOptions) -> None:
        self._step = sample_rate_hz // STEPS_PER_S
        self._pole = float(np.exp(-2 * np.pi * options.steady_below_hz / STEPS_PER_S))
        self._offset: npt.NDArray[np.float64] | None = None  # of each channel, where the last block ended

    def __call__(self, samples: Channels) -> Channels:
        """The next block, without its offset. Shape (channels, samples), in and out."""
        means = _step_means(samples, self._step)
        before = means.mean(axis=1) if self._offset is None else self._offset
        offsets = _smoothed(means, before, self._pole)
        self._offset = offsets[:, -1]
        return np.asarray(samples - _drawn(offsets, before, self._step, samples.shape[1]))


class AutomaticMix:
    """One signal of several channels by gain sharing, after D. Dugan's automatic microphone mixer.

    A channel's gain is its short-term power as a share of the power of all: a voice
    that reaches a second microphone 10 dB weaker is taken from there 30 dB weaker, and
    so neither combs nor doubles. Copies pass unchanged, a dead channel is left out.
    Gains add up to one. A channel opposed in polarity to those before it, which would
    cancel them, is turned round first.
    """

    def __init__(self, sample_rate_hz: int, options: MixOptions) -> None:
        self.options = options
        self._step = sample_rate_hz // STEPS_PER_S
        self._turn = int(options.turning_s * sample_rate_hz)
        self._pole = float(np.exp(-1 / (options.smoothing_s * STEPS_PER_S)))
        self._power: npt.NDArray[np.float64] | None = None
        self._gains: npt.NDArray[np.float64] | None = None
        self._signs: npt.NDArray[np.float32] | None = None
        self._products: npt.NDArray[np.float64] | float = 0.0  # (channels, channels), summed so far

    def __call__(self, samples: Channels) -> npt.NDArray[np.float32]:
        """The next block, of shape (channels, samples), as one signal of shape (samples,)."""
        powers = _step_means(np.square(samples), self._step) + self.options.quiet_power
        smooth = _smoothed(powers, powers[:, 0] if self._power is None else self._power, self._pole)
        gains = smooth / smooth.sum(axis=0)
        before = gains[:, 0] if self._gains is None else self._gains
        drawn = _drawn(gains, before, self._step, samples.shape[1]) * self._polarity(samples)
        self._power, self._gains = smooth[:, -1], gains[:, -1]
        return np.asarray((samples * drawn).sum(axis=0), dtype=np.float32)

    def _polarity(self, samples: Channels) -> npt.NDArray[np.float32]:
        """+1 or -1 for each channel, by all that was heard up to the end of this block.

        Shape (channels, 1), or (channels, samples) in a block where a channel turns.
        """
        self._products = self._products + (samples @ samples.T).astype(np.float64)
        now = polarities(self._products, self.options.opposed_below)[:, None]
        before = now if self._signs is None else self._signs
        self._signs = now
        if np.array_equal(now, before):
            return now
        fade = np.minimum(1.0, np.arange(1, samples.shape[1] + 1, dtype=np.float32) / self._turn)
        return np.asarray(before + (now - before) * fade)


def polarities(products: npt.NDArray[np.float64], opposed_below: float) -> npt.NDArray[np.float32]:
    """+1, or -1 for a channel that is opposed to the sum of those before it. Shape (channels,).

    `products` holds the channels' inner products, of shape (channels, channels).
    """
    signs = np.ones(len(products), dtype=np.float32)
    for channel in range(1, len(products)):
        held = signs[:channel]
        energy = float(held @ products[:channel, :channel] @ held) * float(products[channel, channel])
        against = float(held @ products[:channel, channel])
        if energy > 0 and against < opposed_below * np.sqrt(energy):
            signs[channel] = -1.0
    return signs


def _step_means(samples: Channels, step: int) -> npt.NDArray[np.float64]:
    """The mean of every step: shape (channels, steps); the last is filled up with its last sample."""
    padded = np.pad(samples, ((0, 0), (0, -samples.shape[1] % step)), mode="edge")
    means = padded.reshape(len(samples), -1, step) @ np.full(step, 1 / step, dtype=np.float32)
    return means.astype(np.float64)


def _smoothed(
    values: npt.NDArray[np.float64], before: npt.NDArray[np.float64], pole: float
) -> npt.NDArray[np.float64]:
    """A running mean that forgets: of shape (channels, steps), going on from `before`."""
    from scipy.signal import lfilter

    smooth, _ = lfilter([1 - pole], [1, -pole], values, axis=1, zi=pole * before[:, None])
    return np.asarray(smooth)


def _drawn(
    values: npt.NDArray[np.float64], before: npt.NDArray[np.float64], step: int, count: int
) -> Channels:
    """A value a step as a value a sample, drawn straight from each to the next. Shape (channels, count)."""
    starts = np.concatenate([before[:, None], values[:, :-1]], axis=1)
    way = np.arange(1, step + 1) / step
    ends = np.stack([starts, values], axis=2).astype(np.float32)  # (channels, steps, 2)
    drawn = ends @ np.stack([1 - way, way]).astype(np.float32)
    return np.asarray(drawn.reshape(len(values), -1)[:, :count])


@dataclass(frozen=True, slots=True)
class LookOptions:
    """How a look at the channels is judged. Figures hold for the simulated rooms of its tests."""

    window_s: float = 0.1  # levels are compared over this: a syllable, and far longer than any delay
    rises_by_db: int = 10  # above its own quiet level (10th percentile) a channel has sound, and not hiss
    quiet_percentile: float = 10.0
    never_below_db: int = -70  # of full scale: less is no sound, whatever the rest is like
    leads_by_db: float = 3.0  # a microphone near the speaker is louder than the others by this or more
    leads_share: float = 0.01  # of all time that is led: who leads less has no microphone
    leads_s: float = 0.5  # and no less than this
    mixed_above: float = 0.6  # correlation that delayed bleed does not reach, and a mix of one scene does
    copied_above: float = 0.95  # correlation of copies; a lossy codec keeps it
    silent_db: int = -60  # of the loudest channel: what stays below is dead
    clipped_at: float = 0.98  # of full scale; 8 bit and telephone codes do not reach 1
    clipped_share: float = 0.001  # peaks of a well set level get there in far fewer samples than this
    peak_above: float = 1.5  # of full scale: lossy codecs overshoot by less


_BINS = 200  # levels in dB, from -160 on


class ChannelLook:
    """What passes by, in figures: levels and correlations of the channels, clipping, broken samples."""

    def __init__(self, channels: int, sample_rate_hz: int, options: LookOptions | None = None) -> None:
        self.options = options or LookOptions()
        self._window = max(1, int(self.options.window_s * sample_rate_hz))
        self._levels = np.zeros((channels, _BINS), dtype=np.int64)  # windows at each level
        self._leads = np.zeros((channels, _BINS), dtype=np.int64)  # those in which the channel leads
        self._products = np.zeros((channels, channels))
        self.samples = 0
        self.clipped = 0
        self.broken = 0  # NaN or infinite
        self.peak = 0.0

    def add(self, samples: Channels) -> None:
        """Look at the next block, of shape (channels, samples), at the rate of the file."""
        if not np.isfinite(samples).all():
            self.broken += int(np.count_nonzero(~np.isfinite(samples)))
            samples = np.where(np.isfinite(samples), samples, np.float32(0))
        loud = np.abs(samples)
        self.samples += samples.size
        self.clipped += int(np.count_nonzero(loud >= self.options.clipped_at))
        self.peak = max(self.peak, float(loud.max(initial=0.0)))
        if len(samples) > 1:
            self._compare(np.clip(samples, -1.0, 1.0))

    def _compare(self, samples: Channels) -> None:
        channels, window = len(samples), self._window
        count = samples.shape[1] // window
        windows = samples[:, : count * window].reshape(channels, count, window).swapaxes(0, 1)
        means = windows @ np.full(window, 1 / window, dtype=np.float32)  # (windows, channels)
        products = windows @ windows.swapaxes(1, 2) / window - means[:, :, None] * means[:, None, :]
        self._products += products.sum(axis=0)
        powers = products.diagonal(axis1=1, axis2=2)
        levels = 10 * np.log10(np.maximum(powers, 1e-16))  # (windows, channels), in dB
        bins = np.clip(levels + 160, 0, _BINS - 1).astype(np.int64)
        np.add.at(self._levels, (np.broadcast_to(np.arange(channels), bins.shape), bins), 1)
        second, first = np.sort(levels, axis=1)[:, -2:].T
        leading = np.flatnonzero(first - second >= self.options.leads_by_db)
        leader = levels[leading].argmax(axis=1)
        np.add.at(self._leads, (leader, bins[leading, leader]), 1)

    @property
    def clipped_share(self) -> float:
        """The share of samples at full scale or beyond."""
        return self.clipped / max(1, self.samples)

    def layout(self) -> Layout:
        """What the channels are to each other.

        'microphones' lead in turns; 'copies' hold one signal (a dead channel counts
        as one); 'scene' is everything else, such as stereo of one place.
        """
        if len(self._levels) == 1:
            return "mono"
        living = [channel for channel in range(len(self._levels)) if channel not in self.silent_channels()]
        correlations = np.abs(self._correlations()[np.ix_(living, living)])
        apart = correlations[np.triu_indices(len(living), k=1)]
        if len(living) < 2 or apart.min() >= self.options.copied_above:
            return "copies"
        leads_s = self._leads_s()
        least_s = max(self.options.leads_s, self.options.leads_share * leads_s.sum())
        leaders = np.flatnonzero(leads_s >= least_s)
        between = np.abs(self._correlations()[np.ix_(leaders, leaders)])
        if len(leaders) > 1 and between.min() < self.options.mixed_above:
            return "microphones"
        return "scene"

    def _sounding_from(self) -> npt.NDArray[np.int64]:
        """The level (as a bin) above which each channel has sound. Shape (channels,)."""
        ranks = np.cumsum(self._levels, axis=1) / np.maximum(1, self._levels.sum(axis=1, keepdims=True))
        quiet = (ranks >= self.options.quiet_percentile / 100).argmax(axis=1)
        return np.asarray(np.maximum(quiet + self.options.rises_by_db, self.options.never_below_db + 160))

    def _leads_s(self) -> npt.NDArray[np.float64]:
        """For how long each channel has sound and leads. Shape (channels,)."""
        sounding = np.arange(_BINS)[None] >= self._sounding_from()[:, None]
        return np.asarray((self._leads * sounding).sum(axis=1) * self.options.window_s)

    def _correlations(self) -> npt.NDArray[np.float64]:
        """Of every pair of channels, at no delay; 0 with a channel of silence. Shape (channels, channels)."""
        norms = np.sqrt(np.maximum(np.diag(self._products), 1e-30))
        return np.asarray(self._products / np.outer(norms, norms))

    def silent_channels(self) -> list[int]:
        """Channels without sound, counted from 0; empty where no channel has any."""
        energies = np.diag(self._products)
        least = energies.max() * 10 ** (self.options.silent_db / 10)
        return [int(channel) for channel in np.flatnonzero(energies < least)]

    def opposed_channels(self) -> list[int]:
        """Channels whose polarity is turned round, counted from 0."""
        signs = polarities(self._products, MixOptions().opposed_below)
        return [int(channel) for channel in np.flatnonzero(signs < 0)]

    def warnings(self) -> Iterator[str]:
        """Sentences for the archivist."""
        count = len(self._levels)
        for channel in self.silent_channels():
            yield f"channel {channel + 1} of {count} is silent."
        for channel in self.opposed_channels():
            yield f"channel {channel + 1} of {count} has the opposite polarity: it is turned for the mix."
        if self.peak > self.options.peak_above:
            yield (
                f"its samples reach {self.peak:.3g} times full scale and are clipped there: "
                "save it again at a lower level."
            )
        elif self.clipped_share > self.options.clipped_share:
            yield f"{self.clipped_share:.1%} of its samples are clipped: one at a lower level is better."
        if self.broken:
            yield f"{self.broken} of its samples are no numbers (NaN or infinite): they are read as silence."
