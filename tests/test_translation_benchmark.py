"""What the benchmark of the quality estimate tells."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold

from benchmarks import translation_quality
from benchmarks.translation_quality import (
    DOUBTED_OF_BEST,
    FOLDS,
    Foreseen,
    _Case,
    _case,
    _doubted,
    _doubtful_below,
    _fitted_to,
    _held_out,
    foreseen,
)
from nlp.decoding import CUT, Candidate
from nlp.quality import Estimator, Features

ROWS = 400


def made_up(noise: float) -> tuple[list[_Case], list[Foreseen]]:
    """Sentences of two languages, of which something is expected that is right but for noise."""
    rng = np.random.default_rng(3)
    none = np.zeros((1, 1))
    cases, figures = [], []
    for number in range(ROWS):
        chrf, code = float(rng.uniform(0, 100)), ("ja", "es")[number % 2]
        cases.append(_Case(code, f"row {number}", none, np.array([chrf / 100]), (0,)))
        figures.append(Foreseen(code, chrf / 100 + float(rng.normal(0, noise)), False, chrf))
    return cases, figures


def test_a_good_estimate_doubts_the_worst_and_a_useless_one_a_tenth_of_all() -> None:
    for noise, worst in ((0.0, 1.0), (100.0, 0.1)):
        told = foreseen(_doubted(*made_up(noise)))
        for each in told.values():
            assert each["flagged_of_worst_tenth"] == pytest.approx(worst, abs=0.15)
            assert each["flagged_of_best_half"] == pytest.approx(0.1, abs=0.06)


def test_sentences_are_held_against_what_was_expected_of_others() -> None:
    """By its own measure, a tenth that is the best, of which nothing is expected, would not be doubted."""
    cases, figures = made_up(0.0)
    _, testing = next(GroupKFold(FOLDS).split(cases, groups=[case.row for case in cases]))
    for index in testing:
        figures[index] = replace(figures[index], quality=0.0, chrf=100.0)
    told = _doubted(cases, figures)
    assert all(told[index].flagged for index in testing)


def test_what_looks_wrong_counts_among_the_flagged_of_the_better_half() -> None:
    """So that both kinds of doubt together stay within the same share."""
    _, figures = made_up(0.0)
    alone = _doubtful_below(figures)
    flagged = {id(each) for each in sorted(figures, key=lambda each: -each.chrf)[:10]}
    some = [replace(each, flagged=id(each) in flagged) for each in figures]
    below = _doubtful_below(some)
    better = sorted(some, key=lambda each: each.chrf)[ROWS // 2 :]
    assert below < alone
    told = np.mean([each.flagged or each.quality < below for each in better])
    assert told == pytest.approx(DOUBTED_OF_BEST, abs=0.01)


class Expecting:
    """A model that expects of a candidate what its first feature says, and prefers what its second says."""

    def expected(self, known: Features, code: str) -> Features:
        return known[:, 0]

    def preferences(self, known: Features) -> Features:
        return known[:, 1]


@pytest.mark.parametrize(
    ("preferred", "wrong", "chosen", "flagged"),
    [
        ((0.9, 0.1, 0.95, 0.1), (0, 0, 0, 0), 2, False),
        ((0.9, 0.8, 0.3, 0.2), (1, 1, 0, 0), 2, False),  # what looks wrong is left, be it preferred
        ((0.9, 0.1, 0.8, 0.7), (2, 1, 1, 1), 2, True),
    ],
)
def test_candidates_are_chosen_as_the_translator_does(
    monkeypatch: pytest.MonkeyPatch,
    preferred: tuple[float, ...],
    wrong: tuple[int, ...],
    chosen: int,
    flagged: bool,
) -> None:
    monkeypatch.setattr(translation_quality, "_fitted_to", lambda cases, languages: Expecting())
    expected, chrf = (0.5, 0.6, 0.7, 0.8), np.array([0.1, 0.2, 0.3, 0.4])
    known = np.array([expected, preferred]).T
    cases = [_Case("ja", f"row {number}", known, chrf, wrong) for number in range(FOLDS)]
    for found in _held_out(cases, ("ja",)):
        assert found.chrf == pytest.approx(100 * chrf[chosen])
        assert (found.flagged, found.quality) == (flagged, expected[chosen])


def test_the_best_candidate_is_found_however_easy_its_sentence() -> None:
    """What tells an easy sentence from a hard one says nothing of its candidates."""
    rng = np.random.default_rng(5)
    cases = []
    for number in range(200):
        ease, merit = rng.uniform(0.1, 0.8), rng.uniform(0, 0.1, 8)
        known = np.column_stack([np.full(8, ease) + rng.normal(0, 0.01, 8), merit])
        cases.append(_Case("ja", f"row {number}", known, ease + merit, (0,) * 8))
    model = _fitted_to(cases[:150], ("ja",))
    for each in cases[150:]:
        assert model.preferences(each.known).argmax() == each.chrf.argmax()
        assert model.expected(each.known, "ja").mean() == pytest.approx(each.chrf.mean(), abs=0.15)


def test_what_looks_wrong_is_flagged_however_much_is_expected() -> None:
    cases, figures = made_up(0.0)
    flagged = [replace(each, flagged=True, quality=1.0) for each in figures]
    assert all(each.flagged for each in _doubted(cases, flagged))


def test_everything_that_looks_wrong_with_a_candidate_is_counted() -> None:
    class Nothing:
        def features(self, source: str, candidates: list[tuple[str, float]], code: str) -> Features:
            return np.zeros((len(candidates), 1))

    source = "今日は映画の音楽について話します。"
    candidates = [
        *(Candidate("Today I talk about the music of films.", -0.1), Candidate(source, -0.1)),
        *(Candidate("Today I talk about the", -0.1, (CUT,)), Candidate("", -0.1)),
    ]
    case = _case(
        "ja", "row 1", source, "Today I talk about film music.", candidates, cast(Estimator, Nothing())
    )
    assert case.doubts[0] == 0
    assert all(case.doubts[1:])
    assert case.chrf.argmax() == 0
