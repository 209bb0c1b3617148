"""What the benchmark of the quality estimate tells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold

from benchmarks.translation_quality import (
    FOLDS,
    Foreseen,
    _Case,
    _doubted,
    _doubtful_below,
    _held_out,
    foreseen,
)
from nlp.quality import NAMES

ROWS = 400


def made_up(noise: float) -> tuple[list[_Case], list[Foreseen]]:
    """Sentences of two languages, of which something is expected that is right but for noise."""
    rng = np.random.default_rng(3)
    none = np.zeros((1, 1))
    cases, figures = [], []
    for number in range(ROWS):
        chrf, code = float(rng.uniform(0, 100)), ("ja", "es")[number % 2]
        cases.append(_Case(code, f"row {number}", none, none, np.array([chrf / 100]), (0,)))
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
    assert np.mean([each.flagged or each.quality < below for each in better]) == pytest.approx(0.09, abs=0.01)


def test_a_candidate_that_looks_wrong_is_taken_only_where_all_do_and_then_flagged() -> None:
    rng = np.random.default_rng(5)
    cases = []
    for number in range(60):
        features = rng.normal(size=(4, len(NAMES)))
        features[:, 0] = [0.9, 0.3, 0.2, 0.1]  # the best in all else
        wrong = (1, 1, 1, 1) if number % 2 else (1, 0, 1, 1)
        chrf = np.array([0.9, 0.3, 0.2, 0.1])
        cases.append(_Case("ja", f"row {number}", features[:2], features, chrf, wrong))
    found = _held_out(cases, ("ja",))
    assert [each.flagged for each in found] == [bool(number % 2) for number in range(60)]
    assert all(each.chrf == pytest.approx(30) for each in found if not each.flagged)
