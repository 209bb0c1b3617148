"""Confidence: sure words among sure ones are surer than sure words among doubtful ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nlp.confidence import ConfidenceOptions, calibrated
from transcripts.records import Span, Word

OPTIONS = ConfidenceOptions()


def sure(*probabilities: float) -> list[float]:
    words = [Word(str(at), Span(at, at + 1), each) for at, each in enumerate(probabilities)]
    return [word.probability for word in calibrated(words, OPTIONS)]


def test_a_word_is_doubted_as_those_around_it() -> None:
    assert sure(0.9, 0.9, 0.9)[0] > 0.85
    assert sure(0.9, 0.2, 0.2)[0] < 0.75


def test_middling_words_of_a_language_hardly_known_are_mostly_wrong() -> None:
    assert 0.3 < sure(0.55, 0.55, 0.55)[0] < 0.4  # 39 of 100 were right


@given(st.lists(st.floats(0, 1), max_size=8))
def test_order_stays_and_all_are_probabilities(probabilities: list[float]) -> None:
    found = sure(*probabilities)
    assert all(0 < each < 1 for each in found)
    ranked = sorted(range(len(found)), key=probabilities.__getitem__)
    assert [found[at] for at in ranked] == sorted(found)
