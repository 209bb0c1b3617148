"""Recordings as sound: what a file is, and its samples, a little at a time.

Everything downstream works on mono float32 at 16 kHz, the rate of Whisper, Silero
VAD and GE2E alike. A file is never held in memory whole: `stream` yields blocks,
`cut` yields the samples of given spans, both in one pass over the file. The
original is only ever opened for reading.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from transcripts.errors import MediaError
from transcripts.records import Span

if TYPE_CHECKING:
    import av
    import av.audio
    import av.container

Samples = npt.NDArray[np.float32]  # shape (n,), mono, -1..1, at SAMPLE_RATE_HZ

SAMPLE_RATE_HZ = 16_000
BLOCK_S = 30.0
# A header may round its length or count encoder padding; more than this is missing sound.
MISSING_TOLERANCE_S = 2.0
MISSING_TOLERANCE_SHARE = 0.02
# Time stamps jitter by a frame; a longer hole is silence that was cut out of the stream.
HOLE_S = 0.1


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a file of sound or video holds, as found by decoding it."""

    path: Path
    duration_s: float
    kind: str  # 'audio' or 'video'
    codec: str
    sample_rate_hz: int
    channels: int
    has_broken_end: bool


def sha256_of(path: Path) -> str:
    """The sha256 of a file, as 64 hex digits. Raises MediaError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MediaError(
            f"{path} cannot be read ({error.strerror}): check the path and its permissions."
        ) from error


@contextmanager
def _opened(path: Path) -> Iterator[tuple[av.container.InputContainer, av.audio.AudioStream]]:
    """The container and its best audio stream, with every failure told as MediaError."""
    import av

    try:
        if path.is_dir():
            raise MediaError(f"{path} is a folder: name the recording in it.")
        if path.stat().st_size == 0:
            raise MediaError(f"{path} is empty (0 bytes): copy the recording again from its source.")
        with av.open(str(path), metadata_errors="replace") as container:
            stream = container.streams.best("audio")
            if not isinstance(stream, av.AudioStream):
                held = ", ".join(sorted({each.type for each in container.streams})) or "nothing"
                raise MediaError(
                    f"{path} has no sound in it (it holds {held}): give the file with the audio track."
                )
            if container.format.name.endswith("_pipe") or stream.codec_context.sample_rate <= 0:
                raise MediaError(
                    f"{path} is not a recording that can be decoded: give an audio or video file."
                )
            yield container, stream
    except av.FFmpegError as error:
        if isinstance(error, OSError) and error.errno in {1, 2, 13}:
            raise MediaError(
                f"{path} cannot be read ({error.strerror}): check the path and its permissions."
            ) from error
        raise MediaError(
            f"{path} is not a recording that can be decoded ({error.strerror}): "
            "is it really an audio or video file, and whole?"
        ) from error
    except OSError as error:
        raise MediaError(
            f"{path} cannot be read ({error.strerror}): check the path and its permissions."
        ) from error


def _riff_missing_bytes(path: Path) -> int:
    """How many bytes a WAV file lacks of those its header declares (decoders do not say)."""
    with path.open("rb") as file:
        head = file.read(8)
    declared = int.from_bytes(head[4:8], "little")
    streamed = declared in {0, 0xFFFFFFFF}  # written without knowing the length
    if head[:4] != b"RIFF" or streamed:
        return 0
    return declared + 8 - path.stat().st_size


def probe(path: Path) -> MediaInfo:
    """Decode a file's best audio stream from end to end, to know what is really there.

    The duration is what can be decoded, not what the header says. Raises
    MediaError for what is not sound, and for a file that ends well before the
    end that its header declares.
    """
    with _opened(path) as (container, stream):
        declared_s = (
            float(stream.duration * stream.time_base)
            if stream.duration and stream.time_base
            else (container.duration or 0) / 1e6
        )
        has_video = any(not _is_cover(each) for each in container.streams.video)
        codec, rate_hz = stream.codec_context.name, stream.codec_context.sample_rate
        channels = stream.codec_context.channels
        bytes_per_s = rate_hz * channels * max(1, stream.codec_context.format.bytes)
        declared_s += max(0, _riff_missing_bytes(path)) / bytes_per_s
        samples, broken_last = 0, False
        for frame in _frames(container, stream):
            broken_last = frame is None
            samples += 0 if frame is None else frame.samples
    found_s = samples / rate_hz
    if samples == 0:
        raise MediaError(
            f"{path} holds no sound that can be decoded ({codec}): copy it again from its source."
        )
    if declared_s - found_s > max(MISSING_TOLERANCE_S, MISSING_TOLERANCE_SHARE * declared_s):
        raise MediaError(
            f"{path} is cut off: its header declares {declared_s:.1f} s and {found_s:.1f} s can be decoded. "
            "Copy it again from its source; to archive what is left, save it as a new file first "
            "(for instance with 'ffmpeg -i OLD -c copy NEW')."
        )
    kind = "video" if has_video else "audio"
    return MediaInfo(path, found_s, kind, codec, rate_hz, channels, broken_last)


def _is_cover(stream: av.video.stream.VideoStream) -> bool:
    """Whether a video stream is only the picture that a sound file carries."""
    import av.stream

    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _frames(
    container: av.container.InputContainer, stream: av.audio.AudioStream
) -> Iterator[av.audio.AudioFrame | None]:
    """Decoded frames in order; None for a packet that is damaged (and skipped)."""
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError:  # the container itself is damaged from here on
            yield None
            return
        try:
            yield from packet.decode()
        except av.FFmpegError:
            yield None


def stream(path: Path, block_s: float = BLOCK_S) -> Iterator[Samples]:
    """A file's sound as consecutive blocks of `block_s` seconds (the last may be shorter).

    Channels are averaged. Holes in the time stamps are filled with silence, so
    that a sample's place is its time as a player shows it. Raises MediaError.
    """
    import av

    wanted = int(block_s * SAMPLE_RATE_HZ)
    pending: list[Samples] = []
    held = 0
    with _opened(path) as (container, source):
        resampler = av.AudioResampler(format="flt", rate=SAMPLE_RATE_HZ)
        start_s = (container.start_time or 0) / 1e6
        for piece in _pieces(_frames(container, source), resampler, start_s):
            pending.append(piece)
            held += len(piece)
            while held >= wanted:
                joined = np.concatenate(pending)
                yield joined[:wanted]
                pending, held = [joined[wanted:]], held - wanted
    if held:
        yield np.concatenate(pending)


def _pieces(
    frames: Iterator[av.audio.AudioFrame | None], resampler: av.AudioResampler, start_s: float
) -> Iterator[Samples]:
    """Frames as mono samples at 16 kHz, with silence where the time stamps jump ahead."""
    taken_s = 0.0
    layout: tuple[str, str, int] | None = None
    for frame in frames:
        if frame is None:
            continue
        here = (frame.format.name, frame.layout.name, frame.sample_rate)
        if layout not in (None, here):  # a stream may change its layout half-way
            yield from map(_mono, resampler.resample(None))
            resampler = type(resampler)(format="flt", rate=SAMPLE_RATE_HZ)
        layout = here
        hole_s = (frame.time - start_s - taken_s) if frame.time is not None else 0.0
        if hole_s > HOLE_S:
            yield np.zeros(int(hole_s * SAMPLE_RATE_HZ), dtype=np.float32)
            taken_s += hole_s
        taken_s += frame.samples / frame.sample_rate
        frame.pts = None  # the resampler counts for itself; a jump would make it pad or drop
        yield from map(_mono, resampler.resample(frame))
    if layout is not None:
        yield from map(_mono, resampler.resample(None))


def _mono(frame: av.audio.AudioFrame) -> Samples:
    # packed samples: PyAV reads beyond the planes of planar sound with eight channels
    channels = frame.to_ndarray().reshape(-1, frame.layout.nb_channels)  # (samples, channels)
    return np.asarray(np.clip(np.nan_to_num(channels.mean(axis=1)), -1.0, 1.0), dtype=np.float32)


def cut(path: Path, spans: Sequence[Span]) -> Iterator[Samples]:
    """The samples of each span, in order of start; one pass over the file.

    Spans must be sorted by start; they may overlap. What lies beyond the end of
    the file is left out. Raises ValueError for unsorted spans, MediaError for files.
    """
    if any(later.start_s < earlier.start_s for earlier, later in itertools.pairwise(spans)):
        raise ValueError("spans to cut must be sorted by their start")
    blocks = stream(path)
    buffer = np.zeros(0, dtype=np.float32)
    buffer_start = 0  # in samples from the start of the file
    for span in spans:
        first, last = round(span.start_s * SAMPLE_RATE_HZ), round(span.end_s * SAMPLE_RATE_HZ)
        dropped = min(max(0, first - buffer_start), len(buffer))
        buffer, buffer_start = buffer[dropped:], buffer_start + dropped
        while buffer_start + len(buffer) < last and (block := next(blocks, None)) is not None:
            buffer = np.concatenate([buffer, block])
            dropped = min(max(0, first - buffer_start), len(buffer))
            buffer, buffer_start = buffer[dropped:], buffer_start + dropped
        yield buffer[max(0, first - buffer_start) : max(0, last - buffer_start)]
