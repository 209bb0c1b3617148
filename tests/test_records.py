"""Spans without other spans, and ids that name what a segment is."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcripts.records import Span, covered_s, segment_id, without

WHOLE = st.integers(0, 40)
SPANS = st.lists(st.builds(lambda start, length: Span(start, start + length), WHOLE, st.integers(0, 12)))


@st.composite
def separate_spans(draw: st.DrawFn) -> list[Span]:
    bounds = sorted(draw(st.sets(WHOLE, max_size=12)))
    return [Span(start, end) for start, end in zip(bounds[::2], bounds[1::2], strict=False)]


def tenths(spans: list[Span]) -> set[float]:
    """The middles of all tenths of a second that lie in a span."""
    moments = [0.05 + number / 10 for number in range(600)]
    return {moment for moment in moments if any(each.start_s < moment < each.end_s for each in spans)}


@pytest.mark.parametrize(
    ("taken", "left"),
    [
        ([], [Span(2, 8)]),
        ([Span(0, 2), Span(8, 9)], [Span(2, 8)]),
        ([Span(0, 3)], [Span(3, 8)]),
        ([Span(7, 9)], [Span(2, 7)]),
        ([Span(6, 7), Span(3, 4)], [Span(2, 3), Span(4, 6), Span(7, 8)]),
        ([Span(3, 6), Span(5, 7)], [Span(2, 3), Span(7, 8)]),
        ([Span(2, 8)], []),
        ([Span(5, 5)], [Span(2, 8)]),
    ],
)
def test_what_is_left_of_a_span(taken: list[Span], left: list[Span]) -> None:
    assert without([Span(2, 8)], taken) == left


def test_spans_that_touch_stay_apart() -> None:
    assert without([Span(4, 6), Span(2, 4)], [Span(5, 6)]) == [Span(2, 4), Span(4, 5)]


@given(separate_spans(), SPANS)
def test_what_is_left_is_what_lies_in_no_taken_span(spans: list[Span], taken: list[Span]) -> None:
    left = without(spans, taken)
    assert tenths(left) == tenths(spans) - tenths(taken)
    assert all(left)
    assert left == sorted(left)
    assert all(before.end_s <= after.start_s for before, after in itertools.pairwise(left))
    assert covered_s(left) + covered_s(taken) == covered_s([*spans, *taken])


def test_a_segments_id_is_stable_and_names_its_recording() -> None:
    assert segment_id("r", Span(1.0, 2.0), "en") == "r-b8114c006a"
    assert segment_id("r", Span(1.001, 2.004), "en") == segment_id("r", Span(1.0, 2.0), "en")


def test_whatever_differs_gives_another_id() -> None:
    span = Span(1.0, 2.0)
    ids = [
        segment_id("r", span, "en"),
        segment_id("q", span, "en"),
        segment_id("r", Span(1.1, 2.0), "en"),
        segment_id("r", Span(1.0, 2.1), "en"),
        segment_id("r", span, "es"),
        segment_id("r", span, "en", 0),
        segment_id("r", span, "en", 1),
    ]
    assert len(set(ids)) == len(ids)
