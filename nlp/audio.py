"""Recordings as sound: what a file is, and its samples, a little at a time.

Everything downstream works on mono float32 at 16 kHz, the rate of Whisper, Silero
VAD and GE2E alike. A file is never held in memory whole: `stream` yields blocks, and
`nlp.cutting` the samples of given spans, in one pass over the file. The original is
only ever opened for reading.

Where a recording has a microphone a channel, two people who speak at once are heard
best each by `channel`; `channel_shares` tells their own speech from what bleeds in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nlp import containers
from nlp.channels import AutomaticMix, ChannelLook, Channels, Layout, MixOptions, OffsetFilter
from transcripts.errors import MediaError
from transcripts.records import Span

if TYPE_CHECKING:
    import av
    import av.container

Samples = npt.NDArray[np.float32]  # shape (n,), mono, -1..1, at SAMPLE_RATE_HZ

SAMPLE_RATE_HZ = 16_000
BLOCK_S = 30.0
# A header may round its length or count encoder padding; more than this is missing sound.
MISSING_TOLERANCE_S = 2.0
MISSING_TOLERANCE_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a file of sound or video holds, as found by decoding it.

    `layout` says what the channels are to each other: 'mono', 'copies' of one
    signal, the stereo of one 'scene', or 'microphones', of which different ones lead
    at different times. `clipped_share` is the share of samples at full scale.
    `warnings` are sentences for the archivist; empty where all is well.
    """

    path: Path
    duration_s: float
    kind: str  # 'audio' or 'video'
    codec: str
    sample_rate_hz: int
    channels: int
    layout: Layout
    clipped_share: float
    warnings: tuple[str, ...] = ()

    @property
    def heard_channels(self) -> tuple[int | None, ...]:
        """The channels to listen to one by one; None stands for the mix of all."""
        return tuple(range(self.channels)) if self.layout == "microphones" else (None,)


def sha256_of(path: Path) -> str:
    """The sha256 of a file, as 64 hex digits. Raises MediaError when it cannot be read."""
    with containers.failures_told(path):
        containers.check_is_file(path)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def probe(path: Path) -> MediaInfo:
    """Decode a file's best audio stream from end to end, to know what is really there.

    The duration is what can be decoded, not what the header says, with the silence
    that `stream` puts in holes. Raises MediaError for what is not sound, for a file
    that ends well before the end that its header declares, and for one that is
    still being written.
    """
    with containers.opened(path) as (container, source):
        reading, look = containers.Reading(containers.start_s(container)), None
        codec, size = source.codec_context, path.stat().st_size
        for piece in containers.pieces(container, source, reading):
            look = look or ChannelLook(len(piece), codec.sample_rate)
            look.add(piece)
        if look is None:
            raise MediaError(
                f"{path} holds no sound that can be decoded ({codec.name}): copy it again from its source."
            )
        if path.stat().st_size != size:
            raise MediaError(f"{path} is still being written: wait until the recording has ended.")
        surplus_s = containers.wav_surplus_s(path)
        skipped_s = max(0.0, reading.start_s - containers.start_s(container))  # by impossible stamps
        declared_s = max(_declared_s(container, source) - skipped_s, reading.reached_s - surplus_s)
        _check_is_whole(path, declared_s, reading.reached_s)
        warnings = [*_track_warnings(container, source), *reading.warnings(), *look.warnings()]
        if surplus_s > 0:
            warnings.append(f"its header leaves out {surplus_s:.1f} s of sound, which were read too.")
        kind = "audio" if all(map(_is_cover, container.streams.video)) else "video"
        return MediaInfo(
            path,
            reading.reached_s,
            kind,
            codec.name,
            codec.sample_rate,
            codec.channels,
            look.layout(),
            look.clipped_share,
            tuple(warnings),
        )


def declared_duration_s(path: Path) -> float:
    """What a file's header says of its length, without decoding any of it; 0 where it says nothing.

    Raises MediaError for what is not sound.
    """
    with containers.opened(path) as (container, source):
        return max(0.0, _declared_s(container, source))


def _declared_s(container: av.container.InputContainer, source: av.AudioStream) -> float:
    """Where the header says that the sound ends, in seconds from the start of the recording; 0: nowhere."""
    if not source.duration or not source.time_base:
        return (container.duration or 0) / 1e6 - max(0.0, containers.start_s(container))
    late_s = float((source.start_time or 0) * source.time_base) - containers.start_s(container)
    return float(source.duration * source.time_base) + max(0.0, late_s)


def _check_is_whole(path: Path, declared_s: float, found_s: float) -> None:
    if declared_s - found_s > max(MISSING_TOLERANCE_S, MISSING_TOLERANCE_SHARE * declared_s):
        raise MediaError(
            f"{path} is cut off: its header declares {declared_s:.1f} s and {found_s:.1f} s can be decoded. "
            "Copy it again from its source; to archive what is there all the same, save it as a new file "
            "(for instance with 'ffmpeg -i OLD -c copy NEW')."
        )


def _track_warnings(container: av.container.InputContainer, source: av.AudioStream) -> Iterator[str]:
    tracks = list(container.streams.audio)
    if len(tracks) > 1:
        names = [f"{number} ({each.language or 'no language'})" for number, each in enumerate(tracks, 1)]
        chosen = [each.index for each in tracks].index(source.index) + 1
        yield (
            f"it has {len(tracks)} sound tracks, {', '.join(names)}, of which {chosen} was read: "
            "to use another, save it as a file of its own."
        )


def _is_cover(picture: av.VideoStream) -> bool:
    """Whether a video stream is only the picture that a sound file carries."""
    import av.stream

    return bool(picture.disposition & av.stream.Disposition.attached_pic)


def _channels(path: Path) -> Iterator[Channels]:
    """A file's channels at 16 kHz, -1..1, without their offsets."""
    without_offset = OffsetFilter(SAMPLE_RATE_HZ, MixOptions())
    with containers.opened(path) as (container, source):
        reading = containers.Reading(containers.start_s(container))
        for piece in containers.pieces(container, source, reading, SAMPLE_RATE_HZ):
            sound = np.nan_to_num(piece, nan=0.0, posinf=0.0, neginf=0.0)
            yield np.clip(without_offset(np.clip(sound, -1.0, 1.0)), -1.0, 1.0)


def _signal(path: Path, channel: int | None) -> Iterator[Samples]:
    """One channel of a file, or the mix of all of them."""
    mix = AutomaticMix(SAMPLE_RATE_HZ, MixOptions())
    for piece in _channels(path):
        count = len(piece)
        if channel is not None and not 0 <= channel < count:
            raise ValueError(f"{path} has {count} channels, counted from 0: there is no channel {channel}")
        if channel is None and count > 1:
            yield mix(piece)
        else:
            yield piece[channel or 0]


def stream(path: Path, block_s: float = BLOCK_S, channel: int | None = None) -> Iterator[Samples]:
    """A file's sound as consecutive blocks of `block_s` seconds (the last may be shorter).

    Channels are mixed (`nlp.channels.AutomaticMix`), or `channel` alone is given,
    counted from 0. Holes in the time stamps are filled with silence, so that a
    sample's place is its time as a player shows it. Raises MediaError for files,
    ValueError for a channel that is not there.
    """
    for block in _blocks((piece[None] for piece in _signal(path, channel)), int(block_s * SAMPLE_RATE_HZ)):
        yield block[0]


def _blocks(pieces: Iterator[Channels], length: int) -> Iterator[Channels]:
    """Pieces of shape (channels, any) as blocks of one length; the last may be shorter."""
    pending: list[Channels] = []
    held = 0
    for piece in pieces:
        pending.append(piece)
        held += piece.shape[1]
        while held >= length:
            joined = np.concatenate(pending, axis=1)
            yield joined[:, :length]
            pending, held = [joined[:, length:]], held - length
    if held:
        yield np.concatenate(pending, axis=1)


def channel_shares(path: Path, spans: Sequence[Span]) -> npt.NDArray[np.float64]:
    """How the power of each span is shared out among the channels; one pass over the file.

    Shape (spans, channels); rows sum to one, and are even where there is no sound.
    The channel with the larger share is the microphone nearer to who speaks, if
    `MediaInfo.layout` is 'microphones'. Raises MediaError.
    """
    bounds = np.array([(each.start_s, each.end_s) for each in spans]).reshape(-1, 2) * SAMPLE_RATE_HZ
    bounds = np.round(bounds).astype(np.int64)
    at = 0
    energies: npt.NDArray[np.float64] | None = None
    for block in _blocks(_channels(path), int(BLOCK_S * SAMPLE_RATE_HZ)):
        if energies is None:
            energies = np.zeros((len(spans), len(block)))
        length = block.shape[1]
        here = np.flatnonzero((bounds[:, 1] > at) & (bounds[:, 0] < at + length))
        sums = np.pad(np.cumsum(np.square(block, dtype=np.float64), axis=1), ((0, 0), (1, 0)))
        inside = np.clip(bounds[here] - at, 0, length)
        energies[here] += (sums[:, inside[:, 1]] - sums[:, inside[:, 0]]).T
        at += length
    if energies is None:
        raise MediaError(f"{path} holds no sound that can be decoded: copy it again from its source.")
    energies += np.where(energies.sum(axis=1, keepdims=True) > 0, 0.0, 1.0)
    return np.asarray(energies / energies.sum(axis=1, keepdims=True))
