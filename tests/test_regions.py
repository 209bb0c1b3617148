"""Regions of speech: found whole whatever the blocks; cuts fall where it is quietest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import faster_whisper.vad
import numpy as np
import pytest
from fakes_speech import hum, loud_stretches
from hypothesis import example, given
from hypothesis import strategies as st

from flows.yamlfile import configs_dir
from nlp.audio import SAMPLE_RATE_HZ, Samples, stream
from nlp.regions import RegionOptions, quietest_s, speech_regions
from transcripts.records import Span, covered_s, without

OPTIONS = RegionOptions()
SILERO = faster_whisper.vad.get_speech_timestamps  # bundled with its library: no weights to install
PAUSES_S = st.floats(0.1, 12.0)
SPOKEN_S = st.floats(0.1, 9.0)


@pytest.fixture(scope="module", autouse=True)
def detector() -> Iterator[None]:
    """Silero carries on what it has heard for a while; this stand-in tells exactly what blocks do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faster_whisper.vad, "get_speech_timestamps", loud_stretches)
        yield


def blocks(sound: Samples, block_s: float) -> list[Samples]:
    step = int(block_s * SAMPLE_RATE_HZ)
    return [sound[start : start + step] for start in range(0, len(sound), step)]


def talk(parts: Sequence[tuple[float, float]]) -> tuple[list[Span], Samples]:
    """Pauses and speech in turns, and a last pause: the regions to be found, and the sound."""
    pieces: list[Samples] = []
    spans: list[Span] = []
    at = 0
    for pause_s, spoken_s in parts:
        pause, spoken = round(pause_s * SAMPLE_RATE_HZ), round(spoken_s * SAMPLE_RATE_HZ)
        pieces += [np.zeros(pause, np.float32), np.full(spoken, 0.2, np.float32)]
        span = Span((at + pause) / SAMPLE_RATE_HZ, (at + pause + spoken) / SAMPLE_RATE_HZ)
        goes_on = bool(spans) and pause < OPTIONS.min_silence_ms * SAMPLE_RATE_HZ / 1000
        spans = [*spans[:-1], spans[-1].cover(span)] if goes_on else [*spans, span]
        at += pause + spoken
    return spans, np.concatenate([*pieces, np.zeros(SAMPLE_RATE_HZ // 3, np.float32)])


@example([(1.0, 5.0), (0.3, 6.0)], 10.0)  # soon after a region the next one lies across a border
@example([(1.0, 8.9), (0.2, 3.0)], 10.0)  # a border in a pause that ends no region
@given(st.lists(st.tuples(PAUSES_S, SPOKEN_S), min_size=1, max_size=8), st.floats(10.0, 40.0))
def test_the_borders_of_blocks_leave_no_trace(parts: list[tuple[float, float]], block_s: float) -> None:
    spans, sound = talk(parts)
    found = list(speech_regions(blocks(sound, block_s), OPTIONS))
    assert [span for span, _ in found] == spans
    for span, samples in found:
        first = round(span.start_s * SAMPLE_RATE_HZ)
        assert np.array_equal(samples, sound[first : first + len(samples)])
        assert len(samples) == round(span.duration_s * SAMPLE_RATE_HZ)


def test_no_sound_has_no_regions() -> None:
    assert list(speech_regions([], OPTIONS)) == []
    assert list(speech_regions([np.zeros(SAMPLE_RATE_HZ, np.float32)] * 3, OPTIONS)) == []


def test_silero_hears_nearly_the_same_in_blocks() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faster_whisper.vad, "get_speech_timestamps", SILERO)
        sound = np.concatenate(list(stream(configs_dir() / "demo" / "opening.opus")))[: 120 * SAMPLE_RATE_HZ]
        whole = [span for span, _ in speech_regions([sound], OPTIONS)]
        in_blocks = [span for span, _ in speech_regions(blocks(sound, 30.0), OPTIONS)]
    spoken_s = covered_s(whole)
    assert spoken_s > 90
    assert covered_s(without(whole, in_blocks)) + covered_s(without(in_blocks, whole)) < 0.01 * spoken_s


def test_a_cut_falls_at_the_quietest_moment_near_by() -> None:
    sound = hum(6.0, quiet=Span(3.3, 3.4))
    assert quietest_s(sound, near_s=3.0, reach_s=0.6) == pytest.approx(3.35, abs=0.03)


def test_a_moment_out_of_reach_is_no_cut() -> None:
    sound = hum(6.0, quiet=Span(4.0, 4.1))
    assert abs(quietest_s(sound, near_s=3.0, reach_s=0.6) - 3.0) <= 0.6


def test_without_a_quieter_moment_the_cut_stays_where_it_was() -> None:
    rng = np.random.default_rng(1)
    even = np.sign(rng.standard_normal(6 * SAMPLE_RATE_HZ)).astype(np.float32)
    assert quietest_s(even, near_s=3.0, reach_s=0.6) == pytest.approx(3.0, abs=0.01)


def test_a_slightly_quieter_moment_is_not_worth_going_far_for() -> None:
    far, near = Span(3.4, 3.5), Span(3.1, 3.2)
    sound = hum(6.0)
    times_s = np.arange(len(sound)) / SAMPLE_RATE_HZ
    for span, gain in ((far, 0.4), (near, 0.5)):  # 2 dB apart
        sound[(times_s >= span.start_s) & (times_s < span.end_s)] *= gain
    assert near.start_s < quietest_s(sound, near_s=3.0, reach_s=0.6) < near.end_s


@pytest.mark.parametrize("seconds", [0.0, 0.04])
def test_a_sound_too_short_to_look_at_is_cut_where_asked(seconds: float) -> None:
    assert quietest_s(np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32), 0.02, 0.6) == 0.02


@given(st.floats(0.1, 4.9), st.floats(0.1, 1.0), st.integers(0, 20))
def test_a_cut_lies_within_reach_and_inside_the_sound(near_s: float, reach_s: float, seed: int) -> None:
    sound = np.random.default_rng(seed).standard_normal(5 * SAMPLE_RATE_HZ).astype(np.float32)
    at_s = quietest_s(sound, near_s, reach_s)
    assert near_s - reach_s <= at_s <= near_s + reach_s
    assert 0 <= at_s <= 5
