"""Language runs: declared languages only, cut where the language changes, never merged across a change."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from fakes_speech import NOTHING, PitchVoices, ScriptedRecogniser, hum
from hypothesis import given
from hypothesis import strategies as st

from nlp.audio import SAMPLE_RATE_HZ, Samples
from nlp.runs import (
    RunOptions,
    Stretch,
    declared_beliefs,
    language_runs,
    listen,
    smooth,
    undeclared_languages,
)
from nlp.strangers import clear_stranger
from transcripts.records import Span

OPTIONS = RunOptions()


def stretch(start_s: float, end_s: float, *beliefs: float, same_voice: float = 0.95) -> Stretch:
    return Stretch(Span(start_s, end_s), beliefs, same_voice=same_voice)


def heard(
    *regions: tuple[float, Samples, Sequence[tuple[str, float]]], declared: Sequence[str] = ("en", "es")
) -> list[Stretch]:
    """What is heard in regions: when each starts, its sound, and its languages, each with its end."""
    ear = ScriptedRecogniser(lambda _: NOTHING, [changes for _, _, changes in regions])
    spans = [(Span(at_s, at_s + len(sound) / SAMPLE_RATE_HZ), sound) for at_s, sound, _ in regions]
    return list(listen(spans, ear, PitchVoices(), declared, OPTIONS))


# Beliefs


def test_belief_is_restricted_to_the_declared_languages() -> None:
    ((japanese, english),) = declared_beliefs([{"ro": 0.6, "ja": 0.3, "en": 0.1}], ["ja", "en"])
    assert japanese > english
    assert japanese + english == pytest.approx(1.0)


def test_what_is_heard_as_an_undeclared_language_goes_to_the_least_trained_one() -> None:
    (beliefs,) = declared_beliefs([{"pl": 0.66, "tr": 0.1, "en": 0.02, "fa": 0.004}], ["en", "es", "fa"])
    assert beliefs.argmax() == 2


def test_a_language_that_is_little_trained_needs_less() -> None:
    even, clear = declared_beliefs([{"en": 0.7, "fa": 0.3}, {"en": 0.9, "fa": 0.1}], ["en", "fa"])
    assert even[1] > even[0]
    assert clear[0] > clear[1]


def test_a_clear_belief_in_a_well_trained_language_stands() -> None:
    (beliefs,) = declared_beliefs([{"en": 0.9, "fa": 0.01}], ["en", "fa"])
    assert beliefs[0] > 0.8


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), max_size=5))
def test_beliefs_sum_to_one_and_none_is_nothing(rows: list[list[float]]) -> None:
    posteriors = [
        {code: value / max(1.0, sum(row)) for code, value in zip(("ja", "fa", "de"), row, strict=True)}
        for row in rows
    ]
    beliefs = declared_beliefs(posteriors, ["ja", "fa", "en"])
    assert beliefs.shape == (len(rows), 3)
    assert np.allclose(beliefs.sum(axis=1), 1.0)
    assert (beliefs > 0).all()


# Smoothing and runs


def test_a_short_doubtful_stretch_follows_neighbours_of_the_same_voice() -> None:
    stretches = [stretch(0, 5, 0.99, 0.01), stretch(5.3, 5.9, 0.3, 0.7), stretch(6.2, 11, 0.98, 0.02)]
    assert [run.language for run in language_runs(stretches, ["es", "en"], OPTIONS)] == ["es"]


def test_a_short_stretch_of_another_voice_keeps_its_own_language() -> None:
    stretches = [
        stretch(0, 5, 0.99, 0.01),
        stretch(5.3, 5.9, 0.2, 0.8, same_voice=0.0),
        stretch(6.2, 11, 0.98, 0.02, same_voice=0.0),
    ]
    assert [run.language for run in language_runs(stretches, ["es", "en"], OPTIONS)] == ["es", "en", "es"]


def test_a_clear_change_is_kept_without_any_pause() -> None:
    stretches = [stretch(0, 5, 0.99, 0.01), stretch(5.0, 9, 0.01, 0.99)]
    assert [run.language for run in language_runs(stretches, ["es", "ja"], OPTIONS)] == ["es", "ja"]


def test_a_change_of_voice_separates_runs_of_one_language() -> None:
    def runs(same_voice: float) -> int:
        stretches = [stretch(0, 3, 0.9, 0.1), stretch(3.2, 6, 0.9, 0.1, same_voice=same_voice)]
        return len(language_runs(stretches, ["en", "es"], OPTIONS))

    assert (runs(0.9), runs(0.1)) == (1, 2)


def test_a_long_pause_separates_runs_of_one_language() -> None:
    near = [stretch(0, 3, 0.9, 0.1), stretch(3.9, 6, 0.9, 0.1)]
    far = [stretch(0, 3, 0.9, 0.1), stretch(4.1, 6, 0.9, 0.1)]
    assert [len(language_runs(each, ["en", "es"], OPTIONS)) for each in (near, far)] == [1, 2]


def test_a_run_believes_most_what_its_longest_stretch_does() -> None:
    stretches = [
        Stretch(Span(0, 9), (0.9, 0.1), declared_share=1.0, same_voice=1.0),
        Stretch(Span(9, 10), (0.4, 0.6), declared_share=0.5, same_voice=1.0),
    ]
    (run,) = language_runs(stretches, ["en", "es"], OPTIONS)
    assert [code for code, _ in run.beliefs] == ["en", "es"]
    assert [belief for _, belief in run.beliefs] == pytest.approx([0.85, 0.15])
    assert run.probability == pytest.approx(0.85)
    assert run.declared_share == pytest.approx(0.95)


def test_a_run_knows_how_much_of_it_is_clearly_in_an_undeclared_language() -> None:
    stretches = [
        Stretch(Span(0, 6), (0.97, 0.03), declared_share=0.15, stranger="fr", same_voice=1.0),
        Stretch(Span(6, 8), (0.97, 0.03), same_voice=1.0),
    ]
    (run,) = language_runs(stretches, ["es", "en"], OPTIONS)
    assert run.stranger_share == pytest.approx(0.75)


def test_no_stretch_means_no_run() -> None:
    assert smooth([], OPTIONS) == []
    assert language_runs([], ["en"], OPTIONS) == []


def test_one_declared_language_is_every_runs() -> None:
    stretches = [stretch(0, 3, 1.0), stretch(3, 6, 1.0), stretch(9, 12, 1.0)]
    assert [run.language for run in language_runs(stretches, ["fa"], OPTIONS)] == ["fa", "fa"]


@st.composite
def talks(draw: st.DrawFn) -> Sequence[Stretch]:
    at_s, found = 0.0, []
    for _ in range(draw(st.integers(1, 12))):
        start_s = at_s + (0.0 if draw(st.booleans()) else draw(st.floats(0.05, 4.0)))
        at_s = start_s + draw(st.floats(0.2, 30.0))
        weights = np.array(draw(st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3))) + 1e-3
        beliefs = tuple((weights / weights.sum()).tolist())
        same_voice = draw(st.floats(0.0, 1.0))
        found.append(Stretch(Span(start_s, at_s), beliefs, same_voice=same_voice))
    return found


@given(talks())
def test_every_stretch_lies_in_exactly_one_run_and_runs_never_overlap(found: Sequence[Stretch]) -> None:
    runs = language_runs(found, ["ja", "es", "en"], OPTIONS)
    for each in found:
        holding = [
            run for run in runs if run.span.start_s <= each.span.start_s and each.span.end_s <= run.span.end_s
        ]
        assert len(holding) == 1
    for before, after in itertools.pairwise(runs):
        assert before.span.end_s <= after.span.start_s
    alone = {each.span for each in found}
    assert all(run.span.duration_s <= OPTIONS.max_run_s or run.span in alone for run in runs)
    assert all(sum(belief for _, belief in run.beliefs) == pytest.approx(1.0) for run in runs)


@given(talks())
def test_runs_follow_the_smoothed_languages(found: Sequence[Stretch]) -> None:
    declared = ["ja", "es", "en"]
    runs = language_runs(found, declared, OPTIONS)
    for each, choice in zip(found, smooth(found, OPTIONS), strict=True):
        (run,) = [run for run in runs if run.span.overlap_s(each.span) > 0]
        assert run.language == declared[choice]


# Listening


def test_a_region_is_cut_at_the_quietest_moment_where_the_language_changes() -> None:
    quiet = Span(4.2, 4.3)
    first, second = heard((10.0, hum(8.0, quiet=quiet), [("en", 4.0), ("es", 8.0)]))
    assert first.span.start_s == 10.0
    assert first.span.end_s == second.span.start_s == pytest.approx(10.0 + quiet.middle_s, abs=0.03)
    assert second.span.end_s == 18.0
    assert first.beliefs[0] > 0.9
    assert second.beliefs[1] > 0.9


def test_a_region_of_one_language_stays_whole() -> None:
    (only,) = heard((2.0, hum(8.0, quiet=Span(4.2, 4.3)), [("en", 8.0)]))
    assert only.span == Span(2.0, 10.0)


def test_a_moment_of_another_language_is_no_change() -> None:
    (only,) = heard((0.0, hum(8.0), [("en", 4.0), ("es", 4.65), ("en", 8.0)]))
    assert only.beliefs[0] > 0.8


def test_voices_are_compared_over_short_pauses_alone() -> None:
    man, woman = hum(4.0, 120.0), hum(4.0, 400.0)
    english = [("en", 4.0)]
    _, same, other, late = heard(
        (0.0, man, english), (4.5, man, english), (9.0, woman, english), (16.0, woman, english)
    )
    assert same.same_voice > 0.99
    assert other.same_voice < 0.01
    assert late.same_voice == 0.5


def test_a_short_stretch_is_judged_with_its_neighbours_of_the_same_voice() -> None:
    man, woman = 120.0, 400.0

    def belief_in_english(pitch_hz: float) -> float:
        before = (0.0, hum(4.0, pitch_hz), [("en", 4.0)])
        return heard(before, (4.5, hum(1.0, man), [("en", 0.45), ("es", 1.0)]))[1].beliefs[0]

    assert belief_in_english(man) > belief_in_english(woman) + 0.1


def test_what_is_long_held_is_let_go_at_a_pause_and_nothing_is_lost() -> None:
    regions = [(22.0 * number, hum(20.0), [("en", 20.0)]) for number in range(20)]  # 400 s of speech
    found = heard(*regions)
    assert [each.span for each in found] == [Span(at_s, at_s + 20.0) for at_s, _, _ in regions]


# Languages that nobody declared


def test_undeclared_speech_is_reported_in_seconds() -> None:
    found = heard(
        (0.0, hum(20.0), [("de", 20.0)]),
        (22.0, hum(1.0), [("de", 1.0)]),  # too short to tell
        (30.0, hum(10.0), [("en", 10.0)]),
        (45.0, hum(8.0), [("haw", 8.0)]),
        declared=["en", "es"],
    )
    assert undeclared_languages(found) == {"de": pytest.approx(20.0), "haw": pytest.approx(8.0)}
    assert [each.declared_share for each in found] == pytest.approx([0.0, 0.0, 1.0, 0.0])


@pytest.mark.parametrize(
    ("posteriors", "seconds", "wanted"),
    [
        ({"fr": 0.85, "es": 0.14, "en": 0.01}, 5.0, "fr"),
        ({"fr": 0.75, "es": 0.24, "en": 0.01}, 5.0, ""),
        ({"fr": 0.85, "es": 0.14, "en": 0.01}, 2.5, ""),  # too short to tell
        ({"fa": 0.93, "ar": 0.04, "en": 0.03}, 5.0, "fa"),
        ({"fa": 0.85, "ar": 0.14, "en": 0.01}, 5.0, ""),  # a language that is little known is guessed
        ({"es": 0.95, "fr": 0.05}, 5.0, ""),
        ({}, 5.0, ""),
    ],
)
def test_an_undeclared_language_is_clear_by_how_well_the_model_knows_it(
    posteriors: dict[str, float], seconds: float, wanted: str
) -> None:
    assert clear_stranger(posteriors, ["es", "en"], seconds, OPTIONS.strangers) == wanted
