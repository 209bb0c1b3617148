"""Whatever a file of sound holds, it is probed and read, or refused in a sentence."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from fuzzing import changed, fuzzed, told
from hypothesis import given
from hypothesis import strategies as st
from sounds import tone, write_sound

from flows.yamlfile import configs_dir
from nlp.audio import channel_shares, declared_duration_s, probe, stream
from transcripts.records import Span

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

# A container, its sound and its channels: what telephones, cameras, recorders and editors write.
FILES = {
    "a.wav": ("", 2),
    "b.flac": ("", 1),
    "c.mp3": ("", 2),
    "d.ogg": ("libopus", 1),
    "e.m4a": ("", 2),
    "f.mkv": ("flac", 6),
    "g.webm": ("libopus", 2),
    "h.aiff": ("", 1),
    "i.mp4": ("aac", 1),
    "j.wmv": ("mp3", 2),
    "k.ts": ("mp2", 1),
    "l.avi": ("", 1),
    "m.au": ("", 1),
    "n.w64": ("", 1),
    "o.caf": ("", 1),
    "p.wav": ("adpcm_ima_wav", 1),
}
_PLAYLISTS = [
    b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n",
    b"ffconcat version 1.0\nfile /etc/passwd\n",
    b"v=0\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
]


def _samples(folder: Path) -> list[bytes]:
    made = [
        write_sound(folder / name, tone(0.15, 48_000, channels), 48_000, codec).read_bytes()
        for name, (codec, channels) in FILES.items()
    ]
    with wave.open(str(folder / "plain.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.zeros(400, "<i2").tobytes())
    voice = next((configs_dir() / "demo" / "voices").glob("*.opus")).read_bytes()[:4000]
    return [*made, (folder / "plain.wav").read_bytes(), voice, *_PLAYLISTS]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def samples(place: Path) -> list[bytes]:
    return _samples(place)


@fuzzed(usual=80)
@given(data=st.data())
def test_sound(place: Path, samples: list[bytes], data: st.DataObject) -> None:
    path = place / data.draw(st.sampled_from(["x.wav", "x.mp4", "x.bin", "x.m3u8"]))
    path.write_bytes(data.draw(changed(samples, binary=True)))
    told(lambda: declared_duration_s(path))
    info = told(lambda: probe(path))
    if info is None:
        return
    assert info.duration_s > 0
    assert info.channels >= 1
    heard = told(lambda: sum(len(block) for block in stream(path)))
    assert heard is None or heard >= 0
    for channel in info.heard_channels[:2]:
        told(lambda channel=channel: [block.max() for block in stream(path, channel=channel)])  # type: ignore[misc]
    shares = told(lambda: channel_shares(path, [Span(0.0, 0.1), Span(0.05, 1e6)]))
    assert shares is None or np.allclose(shares.sum(axis=1), 1.0)
