"""Language runs: declared languages only, smoothed, never merged across a change."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.runs import Region, RunOptions, language_runs, smooth, undeclared_languages
from transcripts.records import Span

OPTIONS = RunOptions()


def region(start_s: float, end_s: float, **posteriors: float) -> Region:
    return Region(Span(start_s, end_s), posteriors)


def test_identification_is_restricted_to_the_declared_languages() -> None:
    (run,) = language_runs([region(0, 5, ro=0.6, ja=0.3, fa=0.1)], ["ja", "en"], OPTIONS)
    assert run.language == "ja"


def test_what_is_heard_as_an_undeclared_language_goes_to_the_least_trained_one() -> None:
    (run,) = language_runs([region(0, 5, pl=0.66, tr=0.1, en=0.02, fa=0.004)], ["en", "es", "fa"], OPTIONS)
    assert run.language == "fa"


def test_a_run_tells_how_little_the_declared_languages_fit() -> None:
    (run,) = language_runs([region(0, 5, de=0.97, en=0.02, fa=0.001)], ["en", "fa"], OPTIONS)
    assert run.declared_share == pytest.approx(0.021)
    assert sum(belief for _, belief in run.beliefs) == pytest.approx(1.0)


def test_a_short_doubtful_region_follows_its_neighbours() -> None:
    regions = [
        region(0, 5, es=0.99, en=0.01),
        region(5.3, 5.9, es=0.3, en=0.7),
        region(6.2, 11, es=0.98, en=0.02),
    ]
    assert [run.language for run in language_runs(regions, ["es", "en"], OPTIONS)] == ["es"]


def test_a_clear_change_is_kept_however_short_the_pause() -> None:
    regions = [region(0, 5, es=0.99, ja=0.01), region(5.0, 9, es=0.01, ja=0.99)]
    assert [run.language for run in language_runs(regions, ["es", "ja"], OPTIONS)] == ["es", "ja"]


def test_undeclared_speech_is_reported_in_seconds() -> None:
    regions = [region(0, 20, de=0.95, en=0.05), region(21, 22, de=0.99), region(30, 40, en=0.9, de=0.1)]
    assert undeclared_languages(regions, ["en"], OPTIONS) == {"de": pytest.approx(20.0)}


def test_no_region_means_no_run() -> None:
    assert smooth([], ["en"], OPTIONS) == []
    assert language_runs([], ["en"], OPTIONS) == []


@st.composite
def regions(draw: st.DrawFn) -> Sequence[Region]:
    start_s, found = 0.0, []
    for _ in range(draw(st.integers(1, 12))):
        start_s += draw(st.floats(0.05, 4.0))
        end_s = start_s + draw(st.floats(0.2, 20.0))
        weights = np.array(draw(st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4))) + 1e-3
        found.append(
            Region(
                Span(start_s, end_s),
                dict(zip(["ja", "es", "en", "de"], weights / weights.sum(), strict=True)),
            )
        )
        start_s = end_s
    return found


@given(regions())
def test_every_region_lies_in_exactly_one_run_and_runs_never_overlap(found: Sequence[Region]) -> None:
    runs = language_runs(found, ["ja", "es", "en"], OPTIONS)
    for each in found:
        assert (
            sum(run.span.start_s <= each.span.start_s and each.span.end_s <= run.span.end_s for run in runs)
            == 1
        )
    for before, after in itertools.pairwise(runs):
        assert before.span.end_s <= after.span.start_s
    assert all(run.span.duration_s <= OPTIONS.max_run_s for run in runs)
