"""What is withheld stays so, whatever is cut, run again, renewed or taken back, until an editor lifts it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sample_archive import CONFERENCE, SCRIPT, STAGES, fill, layers, recording
from sqlalchemy import select
from web_archive import make_archive

from transcripts import rights
from transcripts.archive import Archive
from transcripts.holdings import RecordingLayers, Selection
from transcripts.index_filters import withheld
from transcripts.query import parse
from transcripts.records import Panel, Passage, Span
from transcripts.review import ReviewDesk
from transcripts.rights import restrict
from transcripts.schema import restrictions
from transcripts.search import SearchIndex
from transcripts.web.reading import read_panel
from transcripts.web.state import state_of
from transcripts.web.visitors import LOCAL, Visitor
from transcripts.whereabouts import held_extents
from transcripts.withheld import is_in_force, silenced

READER = Visitor("ana", "reader", "")
OTHER_FILE = "cd" * 32
SAID = {line[1]: line[4] for line in SCRIPT}


@pytest.fixture
def archive(new_archive: Archive) -> Archive:
    return fill(new_archive)


def shown(archive: Archive, recording_id: str = "rec-1") -> list[str]:
    """The passages of a recording that readers see; the search index leaves out the same."""
    seen = [each.passage.id for each in archive.entries_of_recordings([recording_id])]
    everything = archive.entries_of_recordings([recording_id], Selection(restricted=True))
    with archive.reading() as connection:
        hidden = withheld(connection)
    assert seen == [
        each.passage.id
        for each in everything
        if each.panel_id not in hidden.panels
        and each.passage.speaker_id not in hidden.speakers
        and each.passage.id not in hidden.passages
    ]
    return seen


def is_heard(archive: Archive, recording_id: str = "rec-1") -> bool:
    with archive.reading() as connection:
        return not silenced(connection, [recording_id])


def day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def passage(
    number: int, start_s: float, end_s: float, text: str, speaker: str | None = "producer"
) -> Passage:
    return Passage(
        f"n{number}", "rec-1", number, Span(start_s, end_s), speaker, "S1", "es", text, confidence=0.7
    )


def run_again(archive: Archive, *passages: Passage, sha256: str = "ab" * 32) -> None:
    """Have machines hear something else in the recording, or in another file of it."""
    made = RecordingLayers(passages=passages, turns=layers("rec-1").turns)
    archive.keep(replace(recording("rec-1"), sha256=sha256), made, STAGES)


def corrected(archive: Archive, passage_id: str, field: str, value: str) -> int:
    review = ReviewDesk(archive).correct(passage_id, field, value, reviewer="ana")
    assert review
    return review.id


# Renewed


def test_an_embargo_that_is_renewed_after_a_division_covers_both_parts(archive: Archive) -> None:
    restrict(archive, "passage", "p04", reason="asked", by="ana", until=day(9))
    part = ReviewDesk(archive).split("p04", 12, reviewer="ana").detail["new_id"]
    assert not {"p04", part} & set(shown(archive))
    restrict(archive, "passage", "p04", reason="longer", by="ana", until=day(99))
    assert not {"p04", part} & set(shown(archive))
    rights.lift(archive, "passage", "p04", by="ana")
    assert {"p04", part} <= set(shown(archive))


def test_what_was_lifted_is_not_withheld_again_with_a_part_of_it(archive: Archive) -> None:
    restrict(archive, "passage", "p04", reason="asked", by="ana")
    part = ReviewDesk(archive).split("p04", 12, reviewer="ana").detail["new_id"]
    rights.lift(archive, "passage", "p04", by="ana")
    restrict(archive, "passage", "p04", reason="this half", by="ana")
    assert "p04" not in shown(archive)
    assert part in shown(archive)


@pytest.mark.parametrize("written", ["20990815", "2099-W33-6", "2099-08-15"])
def test_a_day_is_kept_in_one_form(archive: Archive, written: str) -> None:
    done = restrict(archive, "panel", "opening", reason="asked", by="ana", until=written)
    assert done.until == "2099-08-15"
    assert rights.restrictions(archive) == (done,)
    with archive.reading() as connection:
        held = select(restrictions.c.id)
        assert connection.execute(held.where(is_in_force("2099-08-14"))).all()
        assert not connection.execute(held.where(is_in_force("2099-08-15"))).all()


# Run again


def test_sound_stays_closed_where_a_withheld_passage_is_not_heard_any_more(archive: Archive) -> None:
    restrict(archive, "passage", "p04", reason="asked", by="ana")
    run_again(archive, *(passage(n, 10 * n - 10, 10 * n - 2, SAID[f"p0{n}"]) for n in (1, 2, 3, 5)))
    assert shown(archive) == ["n1", "n2", "n3", "n5"]
    assert not is_heard(archive)
    assert is_heard(archive, "rec-2")
    for visitor, silent in ((READER, True), (LOCAL, False)):
        reading = read_panel(archive, "opening", visitor)
        assert reading is not None
        assert reading.silent is silent
    rights.lift(archive, "passage", "p04", by="ana")
    assert is_heard(archive)


def test_sound_of_an_empty_recording_stays_closed(archive: Archive) -> None:
    restrict(archive, "passage", "p04", reason="asked", by="ana")
    run_again(archive)
    assert not is_heard(archive)


def test_a_withheld_passage_is_found_in_another_file_by_its_words(archive: Archive) -> None:
    restrict(archive, "passage", "p04", reason="asked", by="ana")
    again = [passage(n, 40 + 10 * n, 48 + 10 * n, SAID[f"p0{n}"]) for n in range(1, 6)]
    run_again(archive, *again, sha256=OTHER_FILE)
    assert shown(archive) == ["n1", "n2", "n3", "n5"]
    assert not is_heard(archive)
    assert not rights.restrictions(archive)[0].lost
    run_again(archive, replace(again[0], span=Span(80.5, 88.0)), sha256=OTHER_FILE)  # now by seconds
    assert shown(archive) == []
    archive.keep(recording("rec-1"), layers("rec-1"), STAGES)  # the first file comes back
    assert shown(archive) == ["p01", "p02", "p03", "p05"]


@pytest.mark.parametrize(
    "heard",
    [
        [(30.0, 38.0, "Algo muy distinto."), (70.0, 78.0, "La ética no es adorno del guion.")],
        [(10.0, 18.0, SAID["p04"]), (70.0, 78.0, SAID["p04"])],  # said twice: which is it?
        [],
    ],
)
def test_what_is_not_found_in_another_file_is_withheld_with_all_of_it(
    archive: Archive, heard: list[tuple[float, float, str]]
) -> None:
    restrict(archive, "passage", "p04", reason="asked", by="ana")
    run_again(archive, *(passage(n, *each) for n, each in enumerate(heard)), sha256=OTHER_FILE)
    assert shown(archive) == []
    assert not is_heard(archive)
    assert shown(archive, "rec-2")
    (told,) = rights.restrictions(archive)
    assert told.lost
    if heard:  # an editor finds it, withholds it there, and lifts what was lost
        restrict(archive, "passage", "n1", reason="asked", by="ana")
        assert shown(archive) == []
        rights.lift(archive, "passage", "p04", by="ana")
        assert shown(archive) == ["n0"]


def test_a_lost_restriction_is_not_moved_by_renewing_it(archive: Archive) -> None:
    restrict(archive, "passage", "p04", reason="asked", by="ana")
    there = replace(passage(1, 5.0, 9.0, "Otra cosa."), id="p04")  # of the same id, by chance
    run_again(archive, there, passage(2, 70.0, 78.0, "La ética no es adorno."), sha256=OTHER_FILE)
    restrict(archive, "passage", "p04", reason="longer", by="ana", until=day(99))
    assert shown(archive) == []


def test_a_speaker_stays_withheld_where_the_correction_that_names_them_lost_its_place(
    archive: Archive,
) -> None:
    corrected(archive, "p04", "speaker", "o'hara")
    restrict(archive, "speaker", "o'hara", reason="asked", by="ana")
    assert shown(archive) == ["p01", "p02", "p03", "p05"]
    both = f"{SAID['p03']} {SAID['p04']}"
    run_again(archive, passage(1, 0, 8, "Uno."), passage(2, 20, 38.123, both), passage(3, 40, 48, "Tres."))
    assert [each.field for each in ReviewDesk(archive).unanchored()] == ["speaker"]
    assert shown(archive) == ["n1", "n3"]
    assert not is_heard(archive)
    run_again(archive, passage(1, 0, 8, "Uno."))
    assert shown(archive) == ["n1"]
    assert not is_heard(archive)
    run_again(archive, passage(1, 0, 8, "Uno."), sha256=OTHER_FILE)  # where, nobody knows
    assert shown(archive) == []
    rights.lift(archive, "speaker", "o'hara", by="ana")
    assert shown(archive) == ["n1"]
    assert is_heard(archive)


@pytest.mark.parametrize("by", ["naming somebody else", "taking it back"])
def test_a_lost_correction_of_a_speaker_withholds_no_more_once_answered(archive: Archive, by: str) -> None:
    review = corrected(archive, "p04", "speaker", "o'hara")
    restrict(archive, "speaker", "o'hara", reason="asked", by="ana")
    if by == "taking it back":
        ReviewDesk(archive).undo(review, "ana")
    else:
        corrected(archive, "p04", "speaker", "director")
    run_again(archive, passage(2, 20, 38.123, f"{SAID['p03']} {SAID['p04']}"))
    assert shown(archive) == ["n2"]
    assert is_heard(archive)


# Times and cuts


def test_a_part_of_a_withheld_passage_is_withheld_wherever_its_times_were_moved(archive: Archive) -> None:
    restrict(archive, "passage", "p05", reason="asked", by="ana")
    corrected(archive, "p05", "end_s", "60")
    part = ReviewDesk(archive).split("p05", 20, reviewer="ana", at_s=55).detail["new_id"]
    assert not {"p05", part} & set(shown(archive))
    restrict(archive, "passage", "p05", reason="longer", by="ana", until=day(99))
    assert not {"p05", part} & set(shown(archive))


def test_words_stay_withheld_when_the_cut_that_they_were_withheld_with_is_taken_back(
    archive: Archive,
) -> None:
    desk = ReviewDesk(archive)
    longer = corrected(archive, "p04", "end_s", "39.9")
    cut = desk.split("p04", 24, reviewer="ana", at_s=39.0)
    restrict(archive, "passage", str(cut.detail["new_id"]), reason="asked", by="ana")
    assert "p04" in shown(archive)
    desk.undo(cut.id, "ana")
    assert "p04" not in shown(archive)
    desk.undo(longer, "ana")
    assert "p04" not in shown(archive)
    desk.split("p04", 24, reviewer="ana", at_s=33.0)
    assert shown(archive) == ["p01", "p02", "p03", "p05"]


def test_uniting_with_a_withheld_passage_and_taking_that_back_withholds_no_more(archive: Archive) -> None:
    desk = ReviewDesk(archive)
    restrict(archive, "passage", "p04", reason="asked", by="ana")
    for _ in range(2):
        united = desk.merge("p03", "p04", reviewer="ana")
        assert shown(archive) == ["p01", "p02", "p05"]
        back = desk.undo(united.id, "ana")
        assert shown(archive) == ["p01", "p02", "p03", "p05"]
    for _ in range(2):
        back = desk.undo(back.id, "ana")  # and again, and back again
    assert shown(archive) == ["p01", "p02", "p03", "p05"]
    desk.merge("p03", "p04", reviewer="ana")
    corrected(archive, "p03", "end_s", "25")  # the words are there still
    desk.split("p03", 10, reviewer="ana", at_s=21)
    assert shown(archive) == ["p01", "p02", "p05"]


def test_times_that_another_passage_gets_withhold_nothing_more(archive: Archive) -> None:
    restrict(archive, "passage", "p04", reason="asked", by="ana")
    corrected(archive, "p03", "end_s", "29")
    ReviewDesk(archive).split("p05", 20, reviewer="ana")
    assert len(shown(archive)) == 5
    with archive.reading() as connection:
        (extent,) = held_extents(connection).values()
    assert extent.span == Span(30.0, 38.123)


# What readers are told


def test_a_panel_that_lost_a_recording_is_not_shown_as_before(archive: Archive) -> None:
    archive.keep(replace(recording("rec-2"), panel_id="opening"), layers("rec-2"), STAGES)
    before = state_of(archive).of_panel("opening")
    second = CONFERENCE.panels[1].id
    restrict(archive, "panel", second, reason="not yet", by="ana")
    with_both = state_of(archive).of_panel("opening")
    archive.keep(replace(recording("rec-1"), panel_id=second), layers("rec-1"), STAGES)
    assert len({before, with_both, state_of(archive).of_panel("opening")}) == 3


def test_a_panel_of_which_nothing_is_shown_is_named_in_no_notice(tmp_path: Path) -> None:
    with make_archive(tmp_path / "archive") as archive:
        empty = Panel("empty", "Nothing yet", ("en",))
        archive.set_conference(replace(CONFERENCE, panels=(*CONFERENCE.panels, empty)))
        index = SearchIndex.open(archive)
        for passage_id in ("p06", "p07", "p08"):
            restrict(archive, "passage", passage_id, reason="asked", by="ana")
        assert read_panel(archive, CONFERENCE.panels[1].id, READER) is None
        for asked in ("panel:zzz", "panel:Second"):
            found = index.find(parse(asked))
            assert [notice.known for notice in found.notices] == ["empty, opening"]
        (told,) = index.find(parse("panel:zzz"), restricted=True).notices
        assert "o'neill" in told.known
