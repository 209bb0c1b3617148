"""Channels of a recording: told apart, mixed without doubling or cancelling, evidence of who speaks."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from sounds import Sound, babble, heard, rms, write_sound

from nlp.audio import SAMPLE_RATE_HZ, channel_shares, probe, stream
from nlp.channels import AutomaticMix, ChannelLook, MixOptions, OffsetFilter
from nlp.cutting import cut
from transcripts.errors import MediaError
from transcripts.records import Span

TURN_S = 2.0


def turns(seconds: float = 24.0, people: int = 2) -> Sound:
    """People who speak in turns of two seconds, each alone: shape (people, samples)."""
    said = np.stack([babble(seconds, seed) for seed in range(people)])
    turn = (np.arange(said.shape[1]) / SAMPLE_RATE_HZ // TURN_S).astype(int) % people
    return np.where(turn == np.arange(people)[:, None], said, np.float32(0))


def microphones(voices: Sound, bleed_db: float, noise_db: float = -70.0) -> Sound:
    """A microphone for each voice; the others' voices come some milliseconds later, and weaker."""
    rng = np.random.default_rng(7)
    picked = 10 ** (noise_db / 20) * rng.standard_normal(voices.shape)
    for here, voice in itertools.product(range(len(voices)), range(len(voices))):
        delay = 0 if here == voice else int(rng.uniform(0.002, 0.008) * SAMPLE_RATE_HZ)
        gain = 1.0 if here == voice else 10 ** (bleed_db / 20)
        picked[here] += gain * np.pad(voices[voice], (delay, 0))[: voices.shape[1]]
    return picked.astype(np.float32)


def layout_of(channels: Sound) -> str:
    look = ChannelLook(len(channels), SAMPLE_RATE_HZ)
    for start in range(0, channels.shape[1], SAMPLE_RATE_HZ):
        look.add(channels[:, start : start + SAMPLE_RATE_HZ])
    return look.layout()


def mixed(channels: Sound, block: int = SAMPLE_RATE_HZ) -> np.ndarray:
    mix = AutomaticMix(SAMPLE_RATE_HZ, MixOptions())
    return np.concatenate(
        [mix(channels[:, start : start + block]) for start in range(0, channels.shape[1], block)]
    )


def error_db(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(20 * np.log10(max(1e-9, rms(found - wanted)) / rms(wanted)))


@pytest.mark.parametrize("bleed_db", [-60, -20, -12, -6])
@pytest.mark.parametrize("people", [2, 4])
def test_microphones_are_recognised_through_bleed(people: int, bleed_db: float) -> None:
    assert layout_of(microphones(turns(people=people), bleed_db)) == "microphones"


VOICE = turns().sum(axis=0)
SCENE = turns(people=3)
COPIES = {
    "the same": [VOICE, VOICE],
    "another gain": [VOICE, 0.3 * VOICE],
    "turned polarity": [VOICE, -0.7 * VOICE],
    "a dead channel": [VOICE, 0 * VOICE],
    "a dead first channel": [0 * VOICE, VOICE],
    "a dead one and two opposed": [0 * VOICE, VOICE, -VOICE],
}


@pytest.mark.parametrize("name", COPIES)
def test_copies_are_recognised_and_pass_the_mix_unchanged(name: str) -> None:
    channels = np.stack(COPIES[name]).astype(np.float32)
    assert layout_of(channels) == "copies"
    loudest = channels[np.abs(channels).sum(axis=1).argmax()]
    found = mixed(channels)
    scale = rms(found) / rms(loudest)
    assert 0.7 < scale <= 1.01  # a weaker copy lowers the level a little; nothing cancels
    assert error_db(found / scale, loudest) < -40


def test_stereo_of_one_scene_is_no_set_of_microphones() -> None:
    left, middle, right = (babble(24.0, seed) for seed in range(3))
    stereo = np.stack([middle + 0.6 * left + 0.2 * right, middle + 0.2 * left + 0.6 * right])
    assert layout_of(stereo.astype(np.float32)) == "scene"


def test_a_channel_of_hiss_is_no_microphone() -> None:
    hiss = 0.003 * np.random.default_rng(0).standard_normal(len(VOICE))
    assert layout_of(np.stack([VOICE, hiss]).astype(np.float32)) == "scene"


def test_one_voice_in_two_microphones_is_no_set_of_microphones() -> None:
    far = microphones(np.stack([VOICE, 0 * VOICE]), -12)
    assert layout_of(far) != "microphones"


@pytest.mark.parametrize("people", [2, 4, 8])
def test_the_mix_keeps_bleed_away_where_an_average_combs(people: int) -> None:
    voices = turns(people=people)
    picked = microphones(voices, bleed_db=-9)
    average = picked.mean(axis=0) * people  # at the level of the voice that speaks
    assert error_db(mixed(picked), voices.sum(axis=0)) < error_db(average, voices.sum(axis=0)) - 5


def test_borders_of_blocks_leave_no_trace_in_the_mix() -> None:
    picked = microphones(turns(), bleed_db=-9)
    whole = mixed(picked, picked.shape[1])
    for block in (160, 1600, 7 * 16, SAMPLE_RATE_HZ):
        assert np.abs(mixed(picked, block) - whole).max() < 1e-5


def test_polarity_that_shows_after_a_silence_is_turned_in_time() -> None:
    quiet = np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)
    hiss = 1e-4 * np.random.default_rng(0).standard_normal((2, 3 * SAMPLE_RATE_HZ)).astype(np.float32)
    opposed = np.concatenate([quiet, VOICE[: 2 * SAMPLE_RATE_HZ]])
    found = mixed(np.stack([opposed, -opposed]) + hiss)
    after = slice(SAMPLE_RATE_HZ + SAMPLE_RATE_HZ // 50, None)
    assert error_db(found[after], opposed[after]) < -30


def test_an_offset_is_taken_out_without_a_trace_of_blocks() -> None:
    sound = np.stack([VOICE + 0.4, VOICE - 0.2]).astype(np.float32)
    results = []
    for block in (160, SAMPLE_RATE_HZ):
        without = OffsetFilter(SAMPLE_RATE_HZ, MixOptions())
        parts = [without(sound[:, start : start + block]) for start in range(0, sound.shape[1], block)]
        results.append(np.concatenate(parts, axis=1))
    late = slice(SAMPLE_RATE_HZ, None)  # the two begin with another guess
    assert np.abs(results[0] - results[1])[:, late].max() < 1e-5
    assert np.abs(results[1].mean(axis=1)).max() < 1e-3
    assert error_db(results[1][0], VOICE) < -20


def test_a_file_of_microphones_is_mixed_and_its_channels_can_be_had(tmp_path: Path) -> None:
    voices = turns()
    path = write_sound(tmp_path / "panel.wav", microphones(voices, -12))
    assert probe(path).layout == "microphones"
    assert error_db(heard(path), voices.sum(axis=0)) < -15
    for channel in range(2):
        assert error_db(heard(path, channel), voices[channel]) < -8  # with bleed
    (piece,) = cut(path, [Span(2.5, 3.5)], channel=1)
    assert error_db(piece, voices[1, 40_000:56_000]) < -20
    with pytest.raises(ValueError, match="has 2 channels, counted from 0: there is no channel 2"):
        list(stream(path, channel=2))


@pytest.mark.parametrize("block_s", [0.5, 1.03, 30.0])
def test_the_length_of_blocks_does_not_change_the_sound(tmp_path: Path, block_s: float) -> None:
    path = write_sound(tmp_path / "panel.flac", microphones(turns(8.0), -12))
    assert np.array_equal(np.concatenate(list(stream(path, block_s))), heard(path))


def test_shares_tell_who_is_near_which_microphone(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "panel.flac", microphones(turns(people=3), -9))
    spans = [Span(at + 0.2, at + 1.8) for at in np.arange(0, 24, TURN_S)]
    shares = channel_shares(path, spans)
    assert shares.shape == (12, 3)
    assert np.allclose(shares.sum(axis=1), 1.0)
    assert list(shares.argmax(axis=1)) == [0, 1, 2] * 4
    assert shares.max(axis=1).min() > 0.7


def test_shares_are_even_where_there_is_no_sound(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "silence.wav", np.zeros((4, 32_000), dtype=np.float32))
    assert np.allclose(channel_shares(path, [Span(0.0, 1.0), Span(1.0, 1.0), Span(50.0, 60.0)]), 0.25)
    assert channel_shares(path, []).shape == (0, 4)
    with pytest.raises(MediaError):
        channel_shares(tmp_path / "nowhere.wav", [])


def test_silent_and_opposed_channels_are_told_to_the_archivist(tmp_path: Path) -> None:
    sound = np.stack([VOICE, 0 * VOICE, -VOICE])
    info = probe(write_sound(tmp_path / "three.wav", sound))
    assert info.layout == "copies"
    assert info.warnings == (
        "channel 2 of 3 is silent.",
        "channel 3 of 3 has the opposite polarity: it is turned for the mix.",
    )
