"""Bad and odd files: read for what is whole, with words about the rest, or refused in a sentence."""

from __future__ import annotations

import io
import os
import tracemalloc
import wave
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.stream import Disposition
from sounds import heard, rms, tone, write_sound

from nlp import containers
from nlp.audio import SAMPLE_RATE_HZ, channel_shares, probe, sha256_of, stream
from transcripts.errors import MediaError
from transcripts.records import Span

READERS: list[Callable[[Path], object]] = [
    probe,
    sha256_of,
    lambda path: list(stream(path)),
    lambda path: channel_shares(path, [Span(0.0, 1.0)]),
]


def write_wav(path: Path, seconds: float, rate_hz: int = SAMPLE_RATE_HZ) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate_hz, 0, "NONE", ""))
        file.writeframes((tone(seconds, rate_hz)[0] * 32767).astype("<i2").tobytes())
    return path


def overwrite(path: Path, at: int, data: bytes) -> Path:
    content = bytearray(path.read_bytes())
    content[at : at + len(data)] = data
    path.write_bytes(content)
    return path


# What cannot be read at all


@pytest.mark.parametrize("read", READERS)
def test_what_is_no_file_is_refused_and_never_waited_for(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "one.wav").symlink_to(tmp_path / "two.wav")
    (tmp_path / "two.wav").symlink_to(tmp_path / "one.wav")
    for path, words in [
        (tmp_path / "pipe.wav", r"pipe\.wav is a pipe or a device, not a file: save its sound"),
        (Path(os.devnull), "is a pipe or a device"),
        (tmp_path, "is a folder: name the recording in it"),
        (
            tmp_path / "one.wav",
            r"one\.wav cannot be read \(Too many levels of symbolic links\): check the path",
        ),
        (tmp_path / "nowhere.wav", r"nowhere\.wav cannot be read \(No such file or directory\): check"),
    ]:
        with pytest.raises(MediaError, match=words):
            read(path)


@pytest.fixture
def not_as_root() -> Iterator[None]:
    """Root may read everything: be nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.mark.parametrize("read", READERS)
def test_a_file_that_may_not_be_read_is_refused(
    tmp_path: Path, read: Callable[[Path], object], request: pytest.FixtureRequest
) -> None:
    path = write_wav(tmp_path / "secret.wav", 1.0)
    path.chmod(0)
    request.getfixturevalue("not_as_root")
    with pytest.raises(MediaError, match=r"secret\.wav cannot be read \(Permission denied\): check"):
        read(path)


@pytest.mark.parametrize("suffix", ["wav", "mp3", "flac", "aac", "m4a", "ogg", "mkv"])
@pytest.mark.parametrize("content", [b"hello, this is text\n" * 300, bytes(5000), b"RIFF", b"\xff"])
def test_what_is_not_sound_is_refused_by_name(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"notes.{suffix}"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=rf"notes\.{suffix} (is|has|holds) no.*: "):
        probe(path)


def test_a_playlist_is_refused_as_its_sound_is_in_other_files(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", 1.0)
    path = tmp_path / "list.wav"
    path.write_text("ffconcat version 1.0\nfile a.wav\n")
    with pytest.raises(MediaError, match=r"list\.wav is not a recording"):
        probe(path)


@pytest.mark.parametrize("name", ["data:x%d.wav", "pipe:0.wav", "concat:a|b.wav", "講演 ۱.wav", "-i.wav"])
def test_names_are_names_and_not_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert probe(write_wav(Path(name), 1.0)).duration_s == 1.0


def test_a_codec_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    path = overwrite(write_wav(tmp_path / "odd.wav", 1.0), 20, b"\x34\x12")
    with pytest.raises(MediaError, match=r"odd\.wav is no sound file, or of a kind that cannot be decoded"):
        probe(path)


@pytest.mark.parametrize("rate_hz", [7, 2**31 - 1])
def test_a_rate_at_which_nobody_records_is_refused(tmp_path: Path, rate_hz: int) -> None:
    path = overwrite(write_wav(tmp_path / "odd.wav", 1.0), 24, rate_hz.to_bytes(4, "little"))
    with pytest.raises(
        MediaError, match=rf"odd\.wav declares {rate_hz} samples a second, .* header is damaged"
    ):
        probe(path)


def test_a_stream_without_a_single_sample_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nothing.wav"
    write_wav(path, 0.0)
    with pytest.raises(MediaError, match=r"nothing\.wav holds no sound that can be decoded"):
        probe(path)
    with pytest.raises(MediaError, match=r"nothing\.wav holds no sound that can be decoded"):
        channel_shares(path, [])
    assert list(stream(path)) == []


def test_a_file_that_grows_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_wav(tmp_path / "live.wav", 1.0)
    pieces = containers.pieces

    def growing(*arguments: object) -> object:
        with path.open("ab") as file:
            file.write(bytes(100))
        return pieces(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(containers, "pieces", growing)
    with pytest.raises(MediaError, match=r"live\.wav is still being written: wait until"):
        probe(path)


# Headers that lie


def test_a_wav_header_that_declares_less_than_there_is_loses_nothing(tmp_path: Path) -> None:
    path = overwrite(write_wav(tmp_path / "a.wav", 20.0), 40, (32_000).to_bytes(4, "little"))
    info = probe(path)
    assert info.duration_s == 20.0
    assert info.warnings == ("its header leaves out 19.0 s of sound, which were read too.",)
    assert len(heard(path)) == 20 * SAMPLE_RATE_HZ


@pytest.mark.parametrize("length", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_wav_header_that_does_not_know_its_length_is_no_matter(tmp_path: Path, length: int) -> None:
    path = overwrite(write_wav(tmp_path / "a.wav", 5.0), 40, length.to_bytes(4, "little"))
    info = probe(path)
    assert (info.duration_s, info.warnings) == (5.0, ())


@pytest.mark.parametrize(
    "rest", [b"LIST" + (4000).to_bytes(4, "little") + b"INFO" + bytes(3996), bytes(2000)]
)
def test_chunks_and_padding_after_the_sound_of_a_wav_are_not_sound(tmp_path: Path, rest: bytes) -> None:
    path = write_wav(tmp_path / "a.wav", 1.0)
    with path.open("ab") as file:
        file.write(rest)
    assert (probe(path).duration_s, probe(path).warnings) == (1.0, ())


@pytest.mark.parametrize("name", [b"LIST", b"aaaa"])
def test_sound_that_begins_like_a_chunk_is_no_chunk(tmp_path: Path, name: bytes) -> None:
    path = overwrite(write_wav(tmp_path / "a.wav", 20.0), 40, (32_000).to_bytes(4, "little"))
    for length in (100, 10_000_000):  # one that ends in the middle of nowhere, and one beyond the file
        overwrite(path, 44 + 32_000, name + length.to_bytes(4, "little"))
        assert probe(path).duration_s == 20.0


@pytest.mark.parametrize("rubble", [bytes(8), b"aaaa" + bytes(4)])
def test_a_wav_of_rubble_is_not_walked_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rubble: bytes
) -> None:
    path = tmp_path / "zeros.wav"
    path.write_bytes(b"RIFF" + bytes(4) + b"WAVE" + rubble * 100_000)
    reads = 0

    class Counted(io.FileIO):
        def read(self, *size: int) -> bytes:  # type: ignore[override]
            nonlocal reads
            reads += 1
            return super().read(*size)

    monkeypatch.setattr(containers, "_opened", lambda path, _: Counted(path))
    with pytest.raises(MediaError, match=r"zeros\.wav is not a recording .*: rubble follows"):
        probe(path)
    assert reads <= 2 + containers.MOST_CHUNKS


def test_a_little_padding_before_the_sound_of_a_wav_is_no_rubble(tmp_path: Path) -> None:
    content = write_wav(tmp_path / "a.wav", 20.0).read_bytes()
    shorter = content[12:40] + (32_000).to_bytes(4, "little") + content[44:]
    path = tmp_path / "b.wav"
    path.write_bytes(content[:12] + bytes(4096) + shorter)
    assert probe(path).duration_s == 20.0


def flac_samples(content: bytes, samples: int) -> bytes:
    """The bytes of STREAMINFO that hold the count of samples (36 bits), with another count."""
    return (int.from_bytes(content[18:26], "big") >> 36 << 36 | samples).to_bytes(8, "big")


def xing_frames(content: bytes) -> int:
    """Where an MP3 header counts its frames."""
    return max(content.find(b"Xing"), content.find(b"Info")) + 8


def test_flac_and_mp3_headers_that_declare_less_lose_nothing(tmp_path: Path) -> None:
    flac = write_sound(tmp_path / "a.flac", tone(20.0, SAMPLE_RATE_HZ))
    overwrite(flac, 18, flac_samples(flac.read_bytes(), 16_000))
    mp3 = write_sound(tmp_path / "a.mp3", tone(20.0, SAMPLE_RATE_HZ))
    overwrite(mp3, xing_frames(mp3.read_bytes()), (50).to_bytes(4, "big"))
    for path in (flac, mp3):
        assert probe(path).duration_s == pytest.approx(20.0, abs=0.1)
        assert len(heard(path)) / SAMPLE_RATE_HZ == pytest.approx(20.0, abs=0.1)


def test_flac_and_mp3_headers_that_declare_more_are_refused_with_a_way_out(tmp_path: Path) -> None:
    flac = write_sound(tmp_path / "a.flac", tone(20.0, SAMPLE_RATE_HZ))
    overwrite(flac, 18, flac_samples(flac.read_bytes(), 16_000 * 60))
    mp3 = write_sound(tmp_path / "a.mp3", tone(20.0, SAMPLE_RATE_HZ))
    overwrite(mp3, xing_frames(mp3.read_bytes()), (5000).to_bytes(4, "big"))
    for path in (flac, mp3):
        with pytest.raises(
            MediaError, match=r"is cut off: its header declares .* s and 20\.\d s can be.*ffmpeg"
        ):
            probe(path)


@pytest.mark.parametrize("name", ["a.m4a", "a.mp4", "a.wav", "a.flac", "a.mp3", "a.mka"])
def test_half_a_file_is_refused(tmp_path: Path, name: str) -> None:
    codec = {"mka": "flac"}.get(name[2:], "")
    path = write_sound(tmp_path / name, tone(30.0, SAMPLE_RATE_HZ), codec=codec)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(MediaError, match=r"(cut off|not a recording that can be decoded).*[Cc]opy it again"):
        probe(path)


# Damage


@pytest.mark.parametrize("name", ["a.flac", "a.opus", "a.m4a", "a.mp3", "a.wav"])
def test_a_file_cut_within_its_last_frames_is_read(tmp_path: Path, name: str) -> None:
    path = write_sound(tmp_path / name, tone(10.0, 48_000), 48_000)
    if name != "a.m4a":  # whose index is at its end
        path.write_bytes(path.read_bytes()[:-301])
    assert probe(path).duration_s == pytest.approx(10.0, abs=1.1)
    assert rms(heard(path)[16_000:-32_000]) == pytest.approx(0.345, abs=0.015)


@pytest.mark.parametrize("name", ["a.flac", "a.m4a", "a.opus", "a.mka"])
def test_damage_in_the_middle_is_passed_by_and_told(tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(0)
    noisy = tone(20.0, 48_000) + 0.05 * rng.standard_normal(20 * 48_000).astype(np.float32)
    path = write_sound(tmp_path / name, noisy, 48_000, codec={"a.mka": "flac"}.get(name, ""))
    before, size = heard(path), path.stat().st_size
    for at in range(size // 2, size // 2 + size // 50, 997):
        overwrite(path, at, bytes(90))
    info = probe(path)
    assert info.warnings
    assert "damaged in" in info.warnings[0] or "of sound are missing in" in info.warnings[0]
    assert info.duration_s == pytest.approx(20.0, abs=0.2)
    after = heard(path)
    assert len(after) == pytest.approx(len(before), abs=3200)
    assert np.abs(after[:120_000] - before[:120_000]).max() < 1e-3
    assert rms(after[-100_000:]) == pytest.approx(rms(before[-100_000:]), abs=0.01)
    assert np.abs(after).max() < 0.95  # silence stands for what is lost, not noise


# Time stamps


def test_a_hole_in_the_time_stamps_is_silence(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mka", tone(6.0, 16_000), codec="pcm_s16le", starts_s={4.0: 3.0})
    info, samples = probe(path), heard(path)
    assert info.duration_s == pytest.approx(9.0, abs=0.01)
    assert info.warnings == (
        "3.0 s of sound are missing in one place, by its time stamps: silence stands for them.",
    )
    assert len(samples) == pytest.approx(9 * 16_000, abs=32)
    assert rms(samples[4 * 16_000 + 800 : 7 * 16_000 - 800]) < 1e-3
    assert rms(samples[7 * 16_000 + 800 :]) == pytest.approx(0.354, abs=0.01)


def test_an_impossible_jump_of_the_time_stamps_is_not_believed(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mka", tone(6.0, 16_000), codec="pcm_s16le", starts_s={4.0: 90_000.0})
    assert probe(path).duration_s == pytest.approx(6.0, abs=0.01)
    assert probe(path).warnings == (
        "its time stamps jump in one place: the sound is read on without a gap there.",
    )
    assert len(heard(path)) == pytest.approx(6 * 16_000, abs=32)


def test_time_stamps_that_start_late_are_counted_from_there(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mka", tone(6.0, 16_000), codec="pcm_s16le", starts_s={0.0: 500.0})
    assert probe(path).duration_s == pytest.approx(6.0, abs=0.01)
    assert probe(path).warnings == ()


def test_recordings_joined_end_to_end_are_read_on_where_the_clock_starts_anew(tmp_path: Path) -> None:
    one = write_sound(tmp_path / "one.ts", tone(5.0, 48_000), 48_000, "aac")
    path = tmp_path / "two.ts"
    path.write_bytes(one.read_bytes() * 2)
    assert probe(path).duration_s == pytest.approx(10.0, abs=0.2)
    assert "jump in one place" in probe(path).warnings[0]
    assert rms(heard(path)[16_000:-16_000]) == pytest.approx(0.354, abs=0.02)


def test_sound_that_starts_later_than_its_pictures_keeps_its_place(tmp_path: Path) -> None:
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as container:
        film = container.add_stream("mpeg4", rate=5)
        film.width, film.height, film.pix_fmt = 64, 64, "yuv420p"
        track = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        assert isinstance(track, av.AudioStream)
        for number in range(20):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 5)
            container.mux(film.encode(picture))
        container.mux(film.encode(None))
        frame = AudioFrame.from_ndarray((tone(2.0, 16_000) * 32767).astype("i2"), layout="mono")
        frame.sample_rate, frame.pts = 16_000, 32_000
        container.mux(track.encode(frame))
    info, samples = probe(path), heard(path)
    assert (info.kind, info.warnings) == ("video", ())
    assert info.duration_s == pytest.approx(4.0, abs=0.01)
    assert rms(samples[:31_900]) == 0
    assert rms(samples[32_100:]) == pytest.approx(0.354, abs=0.01)


def test_of_several_sound_tracks_the_default_is_read_and_the_others_named(tmp_path: Path) -> None:
    path = tmp_path / "floor.mka"
    with av.open(str(path), "w") as container:
        tracks = [container.add_stream("flac", rate=16_000, layout="mono") for _ in range(2)]
        for track, language in zip(tracks, ("jpn", "eng"), strict=True):
            track.metadata["language"] = language
        tracks[0].disposition, tracks[1].disposition = Disposition(0), Disposition.default
        for track, level in zip(tracks, (0.1, 1.0), strict=True):
            assert isinstance(track, av.AudioStream)
            frame = AudioFrame.from_ndarray((tone(2.0, 16_000) * level * 32767).astype("i2"), layout="mono")
            frame.sample_rate, frame.pts = 16_000, 0
            container.mux(track.encode(frame))
            container.mux(track.encode(None))
    assert probe(path).warnings == (
        "it has 2 sound tracks, 1 (jpn), 2 (eng), of which 2 was read: "
        "to use another, save it as a file of its own.",
    )
    assert rms(heard(path)) == pytest.approx(0.354, abs=0.01)


# Samples that are none


def test_samples_that_are_no_numbers_are_silence(tmp_path: Path) -> None:
    sound = tone(3.0, SAMPLE_RATE_HZ)
    sound[0, 20_000:20_100] = np.nan
    sound[0, 30_000], sound[0, 30_001], sound[0, 30_002] = np.inf, -np.inf, 1e38
    path = write_sound(tmp_path / "a.wav", sound, codec="pcm_f32le")
    info, samples = probe(path), heard(path)
    assert (
        info.warnings[-1] == "102 of its samples are no numbers (NaN or infinite): they are read as silence."
    )
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1.0
    assert rms(samples[31_000:]) == pytest.approx(0.354, abs=0.01)


def test_samples_beyond_full_scale_are_clipped_and_told(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", 8 * tone(3.0, SAMPLE_RATE_HZ, 2), codec="pcm_f32le")
    info = probe(path)
    assert info.clipped_share == pytest.approx(0.84, abs=0.02)  # of a sine, what lies beyond a quarter
    assert info.warnings == (
        "its samples reach 4 times full scale and are clipped there: save it again at a lower level.",
    )
    assert np.abs(heard(path)).max() <= 1.0


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_u8", "pcm_alaw", "pcm_mulaw", "pcm_s24le"])
def test_hard_clipped_sound_is_read_and_told(tmp_path: Path, codec: str) -> None:
    path = write_sound(tmp_path / "a.wav", np.clip(3 * tone(3.0, 8000), -0.999, 0.999), 8000, codec)
    info = probe(path)
    assert info.clipped_share == pytest.approx(0.535, abs=0.05)
    assert info.warnings[0].endswith("of its samples are clipped: one at a lower level is better.")
    assert len(heard(path)) == 3 * SAMPLE_RATE_HZ


def test_an_offset_of_the_recorder_is_no_sound(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", 0.5 * tone(5.0, 44_100) + 0.5, 44_100)
    samples = heard(path)
    assert abs(float(samples[8000:].mean())) < 1e-3
    assert rms(samples[8000:]) == pytest.approx(0.177, abs=0.005)


# Length


def silence(path: Path, minutes: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        for _ in range(minutes):
            file.writeframes(b"\x80" * (8000 * 60))
    return path


def test_memory_does_not_grow_with_the_length_of_a_recording(tmp_path: Path) -> None:
    peaks = []
    for minutes in (2, 20):
        path = silence(tmp_path / f"{minutes}.wav", minutes)
        tracemalloc.start()
        assert probe(path).duration_s == minutes * 60
        assert sum(map(len, stream(path))) == minutes * 60 * SAMPLE_RATE_HZ
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


# Anything at all


def kinds(folder: Path) -> list[Path]:
    """Short files of many kinds."""
    sound = np.concatenate([tone(1.0, 48_000, 2), 0.1 * tone(0.5, 48_000, 2)], axis=1)
    eight = np.tile(sound[:1], (8, 1))
    return [
        *(write_sound(folder / f"a.{name}", sound, 48_000) for name in ("wav", "flac", "mp3", "opus", "m4a")),
        *(write_sound(folder / f"a.{name}", sound, 48_000, "aac") for name in ("ts", "mkv", "aac", "flv")),
        write_sound(folder / "eight.flac", eight, 48_000),
        write_sound(folder / "eight.mp4", eight, 48_000),
        write_sound(folder / "float.wav", eight, 48_000, "pcm_f32le"),
    ]


def spoil(content: bytes, rng: np.random.Generator) -> bytes:
    """One of: cut off, bytes changed, the head changed, bytes lost, bytes put in, bytes zeroed."""
    spoilt, at = bytearray(content), int(rng.integers(len(content)))
    length = int(rng.integers(1, 3000))
    match int(rng.integers(6)):
        case 0:
            del spoilt[at:]
        case 1 | 2 as where:
            places = rng.integers(len(spoilt) if where == 1 else min(400, len(spoilt)), size=length % 50 + 1)
            for place in places:
                spoilt[place] = rng.integers(256)
        case 3:
            del spoilt[at : at + length]
        case 4:
            spoilt[at:at] = rng.bytes(length)
        case _:
            spoilt[at : at + length] = bytes(min(length, len(spoilt) - at))
    return bytes(spoilt)


def test_whatever_is_spoilt_is_read_or_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(20)
    outcomes = {"read": 0, "told": 0, "refused": 0}
    named = 0
    for path in kinds(tmp_path):
        content = path.read_bytes()
        for _ in range(12):
            path.write_bytes(spoilt := spoil(content, rng))
            try:
                info = probe(path) if spoilt else None
                samples = heard(path) if info else np.zeros(0)
            except MediaError as error:
                named += str(path) in str(error)
                outcomes["refused"] += 1
                continue
            assert np.isfinite(samples).all()
            assert info is None or len(samples) / SAMPLE_RATE_HZ == pytest.approx(info.duration_s, abs=0.2)
            outcomes["told" if info and info.warnings else "read"] += 1
    assert min(outcomes.values()) > 5, outcomes
    assert named == outcomes["refused"]
