"""What the benchmark of the quality estimate tells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold

from benchmarks.translation_quality import FOLDS, Foreseen, _Case, _doubted, foreseen

ROWS = 400


def made_up(noise: float) -> tuple[list[_Case], list[Foreseen]]:
    """Sentences of two languages, of which something is expected that is right but for noise."""
    rng = np.random.default_rng(3)
    none = np.zeros((1, 1))
    cases, figures = [], []
    for number in range(ROWS):
        chrf, code = float(rng.uniform(0, 100)), ("ja", "es")[number % 2]
        cases.append(_Case(code, f"row {number}", none, none, np.array([chrf / 100])))
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
