"""The marks that evidence is measured against, and how agreement is counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from fakes_meaning import WordEmbedder

from benchmarks.theme_marks import Marked, agreement, marks_figures, read_marks
from nlp.taxonomy import load_taxonomy, packaged_themes
from nlp.themes import load_tagger


def test_the_marks_cover_five_languages_and_three_themes() -> None:
    marks = read_marks()
    assert len({each.text for each in marks}) >= 40
    assert {each.language for each in marks} == {"en", "ja", "fa", "es", "ko"}
    assert min(Counter(each.theme for each in marks).values()) >= 10
    assert {each.theme for each in marks} == {"creativity", "ethics", "future"}
    assert all(0 <= start < end <= len(each.text) for each in marks for start, end in each.spans)


def test_words_that_are_not_in_their_remark_are_no_marks(tmp_path: Path) -> None:
    path = tmp_path / "marks.yaml"
    path.write_text("remarks: [{language: en, text: One., marks: {ethics: [two]}}]", encoding="utf-8")
    with pytest.raises(ValueError, match="substring not found"):
        read_marks(path)


@pytest.mark.parametrize(
    ("found", "f1", "hit"),
    [((0, 4), 1.0, True), ((0, 9), 2 / 3, True), ((5, 9), 0.0, False), ((3, 9), 2 / 9, False)],
)
def test_agreement_counts_letters_alone(found: tuple[int, int], f1: float, hit: bool) -> None:
    marked = Marked("abcd efgh.", "en", "ethics", ((0, 4),))
    agreed, is_hit = agreement(marked, found)
    assert agreed == pytest.approx(f1)
    assert is_hit == hit


def test_every_way_of_finding_words_is_measured() -> None:
    figures = marks_figures(load_tagger(load_taxonomy(packaged_themes()), WordEmbedder()))
    assert (figures["marks"], figures["remarks"]) == (54, 47)
    assert figures["whole remark"]["f1"] == pytest.approx(0.699)
    assert all(0 < figures[way]["f1"] < 1 for way in figures if way not in ("marks", "remarks"))
