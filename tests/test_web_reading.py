"""What the panel page is made of: marked evidence, times of words, strips of time, differences."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_archive import make_archive

from transcripts.archive import Archive
from transcripts.records import Span, Word
from transcripts.rights import restrict
from transcripts.strips import WIDTH
from transcripts.web.differences import changes
from transcripts.web.glance import CELLS, glance_at, lanes_of, themes_over_time
from transcripts.web.reading import (
    PanelReading,
    Piece,
    marked,
    outline_panel,
    read_panel,
    timed_words,
    words_of_recording,
)
from transcripts.web.visitors import LOCAL, Visitor

READER = Visitor("r", "reader", "s")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with make_archive(tmp_path_factory.mktemp("reading") / "archive") as made:
        yield made


def reading_of(archive: Archive, panel_id: str = "opening") -> PanelReading:
    found = read_panel(archive, panel_id, LOCAL)
    assert found
    return found


SPANS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.none() | st.tuples(st.integers(-2, 30), st.integers(-2, 30))
)


@given(st.text(max_size=25), SPANS)
def test_marking_evidence_keeps_the_text(text: str, evidence: dict[str, tuple[int, int] | None]) -> None:
    pieces = marked(text, evidence, {"a": 0, "b": 1, "c": 2})
    assert "".join(piece.text for piece in pieces) == text
    assert all(piece.text for piece in pieces)


def test_evidence_is_marked_where_it_stands() -> None:
    pieces = marked("one two three", {"b": (4, 7), "a": None}, {"a": 0, "b": 1})
    assert pieces == (Piece("one "), Piece("two", 1), Piece(" three"))


def test_two_themes_share_their_words() -> None:
    pieces = marked("abcdef", {"x": (0, 4), "y": (2, 6)}, {"x": 0, "y": 1})
    assert [(piece.text, piece.theme) for piece in pieces] == [("ab", 0), ("cd", 0), ("ef", 1)]


def spoken(*texts: str) -> list[Word]:
    return [Word(text, Span(n, n + 1), 0.9) for n, text in enumerate(texts)]


def test_words_are_found_in_their_order() -> None:
    assert timed_words("no, no, yes", spoken("no,", " no,", " yes")) == [
        0,
        3,
        0,
        1000,
        4,
        3,
        1000,
        2000,
        8,
        3,
        2000,
        3000,
    ]


def test_a_corrected_word_has_no_time_and_the_others_keep_theirs() -> None:
    found = timed_words("the salt lamp", spoken("the", " sold", " lamp"))
    assert found == [0, 3, 0, 1000, 9, 4, 2000, 3000]


def test_places_count_as_browsers_count() -> None:
    assert timed_words("𠮷野 家", spoken("𠮷野", "家"))[:2] == [0, 3]
    assert timed_words("𠮷野 家", spoken("𠮷野", "家"))[4:6] == [4, 1]


@given(st.text(max_size=30), st.lists(st.text(max_size=5), max_size=8))
def test_words_never_lie_outside_of_the_text(text: str, words: list[str]) -> None:
    found = timed_words(text, spoken(*words))
    length = len(text.encode("utf-16-le", "surrogatepass")) // 2
    places = list(zip(found[::4], found[1::4], strict=True))
    assert all(at >= 0 and at + size <= length for at, size in places)
    assert places == sorted(places)


def test_words_of_a_recording_follow_its_passages(archive: Archive) -> None:
    reading = reading_of(archive)
    words = words_of_recording(archive, reading.recordings[0], [line.entry for line in reading.lines])
    assert set(words) == {line.entry.passage.id for line in reading.lines}
    text = reading.lines[2].entry.passage.text
    times = words[reading.lines[2].entry.passage.id]
    assert [text[at : at + size] for at, size in zip(times[::4], times[1::4], strict=True)] == text.split()
    assert times[2] == 20_000


def test_a_panel_is_read_with_voices_and_colours(archive: Archive) -> None:
    reading = reading_of(archive)
    assert [voice.name for voice in reading.voices] == ["Director (Japan)", "Productora (México)"]
    assert [line.voice for line in reading.lines] == [0, 0, 1, 1, 1]
    assert reading.languages[0] in ("ja", "es")
    assert not reading.silent


def test_an_unknown_panel_is_none(archive: Archive) -> None:
    assert read_panel(archive, "no such panel", LOCAL) is None
    assert read_panel(archive, "' OR 1=1 --", READER) is None


def test_a_strip_fills_its_width_and_no_more(archive: Archive) -> None:
    for lane in lanes_of(reading_of(archive), with_voices=True) + lanes_of(
        reading_of(archive), with_voices=False
    ):
        for stretches in lane.runs.values():
            assert all(x >= 0 and width > 0 and x + width <= WIDTH for x, width in stretches)
            assert list(stretches) == sorted(stretches)
    assert WIDTH % CELLS == 0


@pytest.mark.parametrize("panel", ["opening", 'o\'neill "b"'])
@pytest.mark.parametrize("withheld", [None, ("speaker", "producer"), ("passage", "p07")])
def test_an_outline_looks_as_the_panel_does(
    tmp_path: Path, panel: str, withheld: tuple[str, str] | None
) -> None:
    with make_archive(tmp_path / "archive") as archive:
        if withheld:
            restrict(archive, *withheld, reason="asked for", by="ana")
        for visitor in (LOCAL, READER):
            outline, reading = outline_panel(archive, panel, visitor), read_panel(archive, panel, visitor)
            assert outline is not None
            assert reading is not None
            assert glance_at(outline) == glance_at(reading)


def test_a_panel_that_is_withheld_has_no_outline(tmp_path: Path) -> None:
    with make_archive(tmp_path / "archive") as archive:
        restrict(archive, "panel", "opening", reason="asked for", by="ana")
        assert outline_panel(archive, "opening", READER) is None
        assert outline_panel(archive, "opening", LOCAL) is not None


def test_a_glance_counts_what_the_panel_holds(archive: Archive) -> None:
    glance = glance_at(reading_of(archive, 'o\'neill "b"'))
    assert glance.passages == 3
    assert glance.doubts == 1
    assert glance.kinds == ("captions",)
    assert set(glance.languages_s) == {"ko", "fa"}
    assert set(glance.themes_s) == {"ethics", "o'future"}


def test_themes_over_time_are_by_day_then_by_month(archive: Archive) -> None:
    from dataclasses import replace

    glance = glance_at(reading_of(archive))
    days = themes_over_time([glance, replace(glance, held_on="2025-04-02")], ["ethics"])
    assert [day.when for day in days] == ["2025-03-01", "2025-04-02"]
    many = [replace(glance, held_on=f"2025-{1 + n % 12:02d}-{1 + n // 12:02d}") for n in range(60)]
    assert [month.when for month in themes_over_time(many, ["ethics"])] == [
        f"2025-{n:02d}" for n in range(1, 13)
    ]
    assert themes_over_time([replace(glance, held_on="")], ["ethics"]) == ()


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_difference_gives_back_both_texts(before: str, after: str) -> None:
    found = changes(before, after)
    assert "".join(each.text for each in found if each.kind != "new") == before
    assert "".join(each.text for each in found if each.kind != "gone") == after


def test_a_difference_marks_words_and_japanese_letters() -> None:
    assert [(each.kind, each.text) for each in changes("the old lamp", "the salt lamp")] == [
        ("same", "the "),
        ("gone", "old"),
        ("new", "salt"),
        ("same", " lamp"),
    ]
    assert [each.text for each in changes("映画の未来", "映像の未来") if each.kind != "same"] == ["画", "像"]
