"""Files of sound and video as decoded pieces: opening, refusing, and what went wrong on the way.

FFmpeg (by PyAV) reads any container. What it leaves to its callers is done here:
time stamps that leave sound out, jump or lie; damage in the middle; headers of WAV
files that do not know their length; files on which reading would wait for ever.
"""

from __future__ import annotations

import itertools
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np

from nlp.channels import Channels
from transcripts.errors import MediaError

if TYPE_CHECKING:
    import av
    import av.audio
    import av.container

# Time stamps jitter by a frame; a longer hole is silence that was cut out of the stream.
HOLE_S = 0.1
# A stream may pause over lunch; more silence than this, in all, comes of damaged time stamps.
LONGEST_SILENCE_S = 3 * 3600.0
# Texts that name other files: what they play is not in the file whose sha256 we keep.
PLAYLISTS = {"concat", "dash", "hls", "sdp"}
# Telephones and the finest converters stay well within these; a header beyond them is damaged.
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 1000, 768_000
# Lengths that programs write which do not know it yet.
UNKNOWN_LENGTHS = {0, 0x7FFFFFFF, 0xFFFFFFFF}
# A WAV file has a handful of chunks; in a file of rubble there might be one every eight bytes.
MOST_CHUNKS = 1000
# Of an object in a store, so much is fetched ahead of what is read; of a header, hardly anything.
AHEAD_BYTES, AHEAD_OF_HEADER_BYTES = 1 << 22, 1 << 12


@contextmanager
def failures_told(path: Path) -> Iterator[None]:
    """Tells every failure to read a file as MediaError."""
    import av

    try:
        yield
    except av.FFmpegError as error:
        if isinstance(error, OSError) and error.errno in {1, 2, 13}:
            raise _unreadable(path, error) from error
        raise MediaError(
            f"{path} is not a recording that can be decoded ({error.strerror}): "
            "is it really an audio or video file, and whole? A recorder that was switched off in the "
            "middle may leave such a file: copy it again from its source."
        ) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    except Exception as error:
        if isinstance(cast("object", path), Path) or isinstance(error, MediaError):
            raise
        raise MediaError(  # of an object store, each of which has errors of its own
            f"{path} cannot be read ({type(error).__name__}: {error}): check its address, and the "
            "credentials of the store in the environment."
        ) from error


def _unreadable(path: Path, error: OSError) -> MediaError:
    return MediaError(
        f"{path} cannot be read ({error.strerror or error}): check the path and its permissions."
    )


def check_is_file(path: Path) -> None:
    """Raises MediaError for a folder, and for a pipe or device, on which reading could wait for ever."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise MediaError(f"{path} is a folder: name the recording in it.")
    if not stat.S_ISREG(mode):
        raise MediaError(f"{path} is a pipe or a device, not a file: save its sound as a file first.")


@contextmanager
def opened(path: Path) -> Iterator[tuple[av.container.InputContainer, av.audio.AudioStream]]:
    """The container and its best audio stream, with every failure told as MediaError."""
    import av

    with failures_told(path):
        check_is_file(path)
        if path.stat().st_size == 0:
            raise MediaError(f"{path} is empty (0 bytes): copy the recording again from its source.")
        options = {"protocol_whitelist": "file"}  # nothing that a file names is fetched
        if wav_surplus_s(path) > 0:
            options["ignore_length"] = "1"
        with (
            _openable(path) as source,
            av.open(source, "r", metadata_errors="replace", options=options) as container,
        ):
            yield container, _sound_of(path, container)


@contextmanager
def _openable(path: Path) -> Iterator[str | BinaryIO]:
    """What FFmpeg is given: the name of a file; of an object in a store, something to read and seek in."""
    if isinstance(cast("object", path), Path):
        yield f"file:{path}"  # 'file:' keeps a colon or a percent sign in a name from being understood
    else:
        with _opened(path, AHEAD_BYTES) as file:
            yield file


def _opened(path: Path, ahead_bytes: int) -> BinaryIO:
    """A file to be read, or an object in a store."""
    ahead: dict[str, Any] = {} if isinstance(cast("object", path), Path) else {"block_size": ahead_bytes}
    return cast("BinaryIO", path.open("rb", **ahead))


def _sound_of(path: Path, container: av.container.InputContainer) -> av.audio.AudioStream:
    import av

    source = container.streams.best("audio")
    if not container.streams.audio:
        held = ", ".join(sorted({each.type for each in container.streams})) or "nothing"
        raise MediaError(f"{path} has no sound in it (it holds {held}): give the file with the audio track.")
    if container.format.name.endswith("_pipe") or container.format.name in PLAYLISTS:
        raise MediaError(f"{path} is not a recording that can be decoded: give an audio or video file.")
    codec = getattr(source, "codec_context", None)  # an unknown codec has none
    if not isinstance(source, av.AudioStream) or codec is None or codec.sample_rate <= 0:
        raise MediaError(
            f"{path} is no sound file, or of a kind that cannot be decoded: save it again as FLAC or WAV."
        )
    if not LOWEST_RATE_HZ <= codec.sample_rate <= HIGHEST_RATE_HZ:
        raise MediaError(
            f"{path} declares {codec.sample_rate} samples a second, at which nobody records: its header is "
            "damaged, so copy it again from its source."
        )
    if codec.name == "flac":  # otherwise damage is decoded too, as noise at full scale
        codec.options = {"err_detect": "crccheck+explode"}
    return source


def wav_surplus_s(path: Path) -> float:
    """Seconds of sound in a WAV file beyond those that its header declares; negative: missing ones.

    0 for other files, and where the header does not say. Raises MediaError for rubble, through
    which FFmpeg would walk for minutes. A recorder that is switched
    off leaves an early length in the header; one that passes 4 GB leaves what fits.
    """
    size, bytes_per_s = path.stat().st_size, 0
    with _opened(path, AHEAD_OF_HEADER_BYTES) as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return 0.0
        for count, chunk in enumerate(_chunks(file, 12)):
            if count == MOST_CHUNKS:
                raise MediaError(
                    f"{path} is not a recording that can be decoded: rubble follows the header of a "
                    "WAV file. Copy it again from its source."
                )
            if chunk.name == b"fmt ":
                bytes_per_s = int.from_bytes(chunk.begins[8:12], "little")
            if chunk.name == b"data":
                break
        else:
            return 0.0
        if chunk.length in UNKNOWN_LENGTHS or bytes_per_s == 0:
            return 0.0
        surplus_s = (size - chunk.at - chunk.length) / bytes_per_s
        if 0 < surplus_s < HOLE_S or (surplus_s > 0 and _holds_chunks(file, chunk.end, size)):
            return 0.0
    return surplus_s


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A chunk of a RIFF file, as its header has it; `at` is where its content begins."""

    name: bytes
    at: int
    length: int
    begins: bytes

    @property
    def end(self) -> int:
        return self.at + self.length + self.length % 2


def _chunks(file: BinaryIO, at: int) -> Iterator[_Chunk]:
    """Chunks that follow each other from a place to the end of the file."""
    while True:
        file.seek(at)
        head = file.read(20)
        if len(head) < 8:
            return
        chunk = _Chunk(head[:4], at + 8, int.from_bytes(head[4:8], "little"), head[8:])
        yield chunk
        at = chunk.end


def _holds_chunks(file: BinaryIO, at: int, size: int) -> bool:
    """Whether there are chunks from a place to the end of the file: sound does not look like that."""
    for chunk in itertools.islice(_chunks(file, at), MOST_CHUNKS):
        if not (chunk.name.isascii() and chunk.name.decode().isprintable()):
            return False
        at = chunk.end
    return size - 8 < at <= size + 1


@dataclass(slots=True)
class Reading:
    """Where the decoding of a file has got to, and what went wrong on the way."""

    start_s: float  # the time stamp at which the recording starts
    expected_s: float | None = None  # the time stamp that the next frame should have
    holes: int = 0
    silence_s: float = 0.0  # in holes
    jumps: int = 0
    damaged: int = 0  # places
    _since_s: float = 0.0  # from the start: the last hole or change of rate,
    _samples: int = 0  # and what was read since
    _rate_hz: int = 1

    @property
    def reached_s(self) -> float:
        """The end of what was read, from the start; silence in holes counts."""
        return self._since_s + self._samples / self._rate_hz

    def place(self, frame: av.audio.AudioFrame) -> float | None:
        """Move on to a frame and past it; where it starts, if a hole comes before it.

        A stamp that jumps back, or impossibly far ahead, starts a new count: its
        frame follows the one before. Otherwise stamps count, as they do for a player.
        """
        expected_s = self.start_s if self.expected_s is None else self.expected_s
        time_s = expected_s if frame.time is None else frame.time
        step_s = time_s - expected_s
        if step_s < -HOLE_S or self.silence_s + step_s > LONGEST_SILENCE_S:
            self.start_s += step_s
            self.jumps += 1
        place_s = time_s - self.start_s
        hole_s = place_s - self.reached_s
        is_hole = hole_s > HOLE_S
        if is_hole and self.expected_s is not None:  # sound may start later than its pictures
            self.holes += 1
            self.silence_s += hole_s
        if is_hole or frame.sample_rate != self._rate_hz:
            self._since_s = place_s if is_hole else self.reached_s
            self._samples, self._rate_hz = 0, frame.sample_rate
        self._samples += frame.samples
        self.expected_s = time_s + frame.samples / frame.sample_rate
        return place_s if is_hole else None

    def warnings(self) -> Iterator[str]:
        """Sentences for the archivist."""
        if self.damaged:
            yield (
                f"it is damaged in {_places(self.damaged)}, which could not be decoded: "
                "copy it again from its source if that is whole."
            )
        if self.holes:
            yield (
                f"{self.silence_s:.1f} s of sound are missing in {_places(self.holes)}, by its time stamps: "
                "silence stands for them."
            )
        if self.jumps:
            yield f"its time stamps jump in {_places(self.jumps)}: the sound is read on without a gap there."


def _places(count: int) -> str:
    return "one place" if count == 1 else f"{count} places"


def start_s(container: av.container.InputContainer) -> float:
    """The time stamp at which a player starts."""
    return (container.start_time or 0) / 1e6


def pieces(
    container: av.container.InputContainer, source: av.audio.AudioStream, reading: Reading, rate_hz: int = 0
) -> Iterator[Channels]:
    """The sound in pieces of a second or less, with silence where the time stamps leave it out.

    At `rate_hz`, or at the rate of the file. A stream may change its rate or its
    channels half-way: all pieces are as the first.
    """
    converter: _Converter | None = None
    for frame in _frames(container, source, reading):
        converter = converter or _Converter(frame, rate_hz or frame.sample_rate)
        starts_s = reading.place(frame)
        if starts_s is not None:
            yield from converter.silence_until(starts_s)
        yield from converter.sound(frame)
    if converter is not None:
        yield from converter.rest()


def _frames(
    container: av.container.InputContainer, source: av.audio.AudioStream, reading: Reading
) -> Iterator[av.audio.AudioFrame]:
    """Decoded frames in order; a packet that is damaged is counted and skipped."""
    import av

    packets = container.demux(source)
    stamped = False
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:  # the container itself is damaged from here on
            reading.damaged += 1
            return
        if packet is None:
            return
        # a packet that has lost its stamp, among others that have theirs, was pieced together of rubble
        reading.damaged += stamped and packet.pts is None and packet.size > 0
        stamped = packet.pts is not None
        try:
            yield from packet.decode()
        except av.FFmpegError:
            reading.damaged += 1


class _Converter:
    """Frames as arrays of float32 at one rate, with the channels of the first frame."""

    def __init__(self, first: av.audio.AudioFrame, rate_hz: int) -> None:
        self._layout, self._rate_hz = first.layout, rate_hz
        self._resampler: av.AudioResampler | None = None
        self._setting: tuple[str, str, int] | None = None
        self._given = 0  # samples, so far

    def sound(self, frame: av.audio.AudioFrame) -> Iterator[Channels]:
        """What is complete, once this frame has come."""
        import av

        setting = (frame.format.name, frame.layout.name, frame.sample_rate)
        if setting != self._setting:
            yield from self.rest()
            self._setting = setting
            self._resampler = av.AudioResampler("flt", self._layout, self._rate_hz, frame_size=self._rate_hz)
        assert self._resampler
        frame.pts = None  # the resampler counts for itself; a jump would make it pad or drop
        for converted in self._resampler.resample(frame):
            yield self._array(converted)

    def rest(self) -> Iterator[Channels]:
        """What the resampler still holds."""
        if self._resampler is not None:
            for converted in self._resampler.resample(None):
                yield self._array(converted)
        self._resampler = self._setting = None

    def silence_until(self, time_s: float) -> Iterator[Channels]:
        """The rest, and silence up to a time from the start."""
        yield from self.rest()
        while (missing := round(time_s * self._rate_hz) - self._given) > 0:
            count = min(missing, self._rate_hz)
            self._given += count
            yield np.zeros((self._layout.nb_channels, count), dtype=np.float32)

    def _array(self, frame: av.audio.AudioFrame) -> Channels:
        # packed samples: PyAV reads beyond the planes of planar sound with eight channels
        self._given += frame.samples
        packed = frame.to_ndarray().reshape(-1, frame.layout.nb_channels)
        return np.ascontiguousarray(packed.T, dtype=np.float32)
