"""When the passages of a recording are made anew, what people changed finds its place or is told."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_archive import CONFERENCE, TRANSLATOR, recording

from transcripts.archive import Archive, Entry, RecordingLayers
from transcripts.columns import METADATA
from transcripts.holdings import Selection
from transcripts.records import Passage, Review, Span, Translation
from transcripts.review import ReviewDesk

SPEECH = (
    "we made films by hand . then machines came to Kurosava and he laughed . "
    "nobody asked the actors . nobody asked the writers . so we wrote a letter ."
)
WORDS = SPEECH.split()
LENGTH_S = 0.5  # of a word


def cut(*bounds: int, words: Sequence[str] = WORDS, label: str = "S1") -> RecordingLayers:
    """The words as passages that end after the given numbers of words."""
    edges = [0, *sorted({bound for bound in bounds if 0 < bound < len(words)}), len(words)]
    passages = tuple(
        Passage(
            f"rec-1-{int(first * LENGTH_S * 1000):08d}",
            "rec-1",
            n,
            Span(first * LENGTH_S, last * LENGTH_S),
            "director",
            label,
            "en",
            " ".join(words[first:last]),
            confidence=0.8,
        )
        for n, (first, last) in enumerate(itertools.pairwise(edges))
    )
    return RecordingLayers(
        passages=passages,
        translations=tuple(
            Translation(each.id, "es", each.text.upper(), 0.7, TRANSLATOR) for each in passages
        ),
    )


@pytest.fixture
def archive(new_archive: Archive) -> Archive:
    new_archive.set_conference(replace(CONFERENCE, target_language="es"))
    keep(new_archive, cut(6, 15, 20, 25))
    return new_archive


def keep(archive: Archive, layers: RecordingLayers, sha256: str = "ab" * 32) -> None:
    archive.keep(replace(recording("rec-1"), sha256=sha256), layers, ())


def entries(archive: Archive) -> list[Entry]:
    return archive.entries_of_recordings(["rec-1"], Selection(restricted=True))


def texts(archive: Archive) -> list[str]:
    return [each.passage.text for each in entries(archive)]


def correct(archive: Archive, n: int, field: str, value: str) -> Review:
    review = ReviewDesk(archive).correct(entries(archive)[n].passage.id, field, value, reviewer="ana")
    assert review
    return review


SECOND = "then machines came to Kurosava and he laughed ."
CORRECTED = "then machines came to Kurosawa and he laughed ."


def test_a_correction_goes_to_the_part_that_holds_its_words(archive: Archive) -> None:
    assert texts(archive)[1] == SECOND
    correct(archive, 1, "text", CORRECTED)
    keep(archive, cut(3, 9, 13, 20, 25))
    assert texts(archive)[1:4] == [
        "by hand . then machines came",
        "to Kurosawa and he",
        "laughed . nobody asked the actors .",
    ]
    assert entries(archive)[2].translation_flags == ("stale",)
    assert entries(archive)[1].translation_flags == ()
    assert entries(archive)[2].passage.confidence == 0.8  # the person heard a part of it only
    assert ReviewDesk(archive).unanchored() == ()
    changed = entries(archive)[2].passage.id
    assert [each.review.field for each in ReviewDesk(archive).history(changed)] == ["text"]
    keep(archive, cut(6, 15, 20, 25))
    assert texts(archive)[1] == CORRECTED


def test_a_correction_that_finds_no_place_is_listed_and_comes_back(archive: Archive) -> None:
    review = correct(archive, 1, "text", CORRECTED)
    translation = correct(archive, 3, "translation", "Nadie preguntó a los guionistas.")
    other = [word.replace("Kurosava", "Ozu") for word in WORDS]
    keep(archive, cut(3, 9, 13, 22, words=other))
    assert "Ozu" in " ".join(texts(archive))
    assert ReviewDesk(archive).unanchored() == (review, translation)
    keep(
        archive, cut(6, 15, 20, 25, words=other)
    )  # the same stretch of speech: what a person wrote goes first
    assert texts(archive)[1] == CORRECTED
    assert ReviewDesk(archive).unanchored() == ()


def test_a_listed_correction_can_be_taken_back(archive: Archive) -> None:
    correct(archive, 3, "translation", "Nadie preguntó a los guionistas.")
    keep(archive, cut(22))
    (lost,) = ReviewDesk(archive).unanchored()
    ReviewDesk(archive).undo(lost.id, "ana")
    assert ReviewDesk(archive).unanchored() == ()
    assert len(archive.reviews()) == 2


def test_a_speaker_and_a_theme_go_with_their_words(archive: Archive) -> None:
    correct(archive, 1, "speaker", "producer")
    correct(archive, 1, "theme:ethics", "True")
    keep(archive, cut(6, 10, 15, 20, 25))
    assert [each.passage.speaker_id for each in entries(archive)][:4] == [
        "director",
        "producer",
        "producer",
        "director",
    ]
    assert [bool(each.themes) for each in entries(archive)][:4] == [False, True, True, False]
    keep(archive, cut(20, 25))  # most of the first passage is of others now
    assert {each.passage.speaker_id for each in entries(archive)} == {"director"}
    assert len(ReviewDesk(archive).unanchored()) == 2


def test_another_voice_in_the_time_of_a_passage_is_left_alone(archive: Archive) -> None:
    correct(archive, 1, "speaker", "producer")
    whole = cut(6, 11, 15, 20, 25)
    other = Passage("rec-1-x", "rec-1", 9, Span(4.0, 4.6), "director", "S2", "en", "quite!")
    keep(archive, replace(whole, passages=(*whole.passages, other)))
    assert [each.passage.speaker_id for each in entries(archive)][1:3] == ["producer", "producer"]
    assert entries(archive)[-1].passage.speaker_id == "director"


def test_a_short_remark_is_not_taken_for_its_neighbour(archive: Archive) -> None:
    short = [
        Passage(f"rec-1-{n}", "rec-1", n, Span(n * 0.4, n * 0.4 + 0.4), None, "S1", "en", text)
        for n, text in enumerate(("Yes.", "No."))
    ]
    keep(archive, RecordingLayers(passages=tuple(short)))
    correct(archive, 0, "speaker", "producer")
    keep(archive, RecordingLayers(passages=(replace(short[1], ordinal=0),)))
    assert entries(archive)[0].passage.speaker_id is None
    assert len(ReviewDesk(archive).unanchored()) == 1


def test_a_division_is_made_again_where_it_was_heard(archive: Archive) -> None:
    desk = ReviewDesk(archive)
    desk.split(entries(archive)[0].passage.id, 7, reviewer="ana", at_s=1.0)
    assert texts(archive)[:2] == ["we made", "films by hand ."]
    new_id = entries(archive)[1].passage.id
    keep(archive, cut(6, 13, 20, 25, words=["We", *WORDS[1:]]))
    assert texts(archive)[:2] == ["We made", "films by hand ."]
    assert entries(archive)[1].passage.id == new_id == "rec-1-00001000"
    keep(archive, cut(2, 6, 13, 20, 25))  # the machine divides there by itself
    assert texts(archive)[:3] == ["we made", "films by hand .", "then machines came to Kurosava and he"]
    assert desk.unanchored() == ()


def test_passages_stay_united(archive: Archive) -> None:
    desk = ReviewDesk(archive)
    first, second = entries(archive)[2:4]
    desk.merge(first.passage.id, second.passage.id, reviewer="ana")
    together = "nobody asked the actors . nobody asked the writers ."
    keep(archive, cut(6, 13, 15, 20, 25))
    assert together in texts(archive)
    keep(archive, cut(6, 15, 25))  # the machine unites them by itself
    assert together in texts(archive)
    assert desk.unanchored() == ()
    keep(archive, cut(6, 15, 22))
    assert [each.field for each in desk.unanchored()] == ["merge"]


def test_what_was_approved_stays_as_it_was_approved(archive: Archive) -> None:
    desk = ReviewDesk(archive)
    first, second = (each.passage.id for each in entries(archive)[:2])
    desk.set_state(first, "approved", "ana")
    desk.set_state(second, "approved", "ana")
    before = entries(archive)[0]
    other = cut(6, 12, 20, 25, words=["He", *WORDS[1:]])
    worse = tuple(replace(each, text="???", quality=0.1) for each in other.translations)
    keep(archive, replace(other, translations=worse))
    assert entries(archive)[0] == before
    assert entries(archive)[1].state == "draft"  # cut anew: nobody has approved this
    assert [(each.field, each.passage_id) for each in desk.unanchored()] == [("state", second)]


def test_in_other_sound_only_words_count(archive: Archive) -> None:
    first = entries(archive)[0]
    correct(archive, 0, "speaker", "producer")
    correct(archive, 2, "speaker", "producer")
    shifted = cut(6, 15, 20, 25)
    later = tuple(
        replace(
            each, id=f"later-{each.id}", span=Span(each.span.start_s + 60, each.span.end_s + 60), text=text
        )
        for each, text in zip(shifted.passages, [first.passage.text, "a", "b", "c", "d"], strict=True)
    )
    keep(archive, replace(shifted, passages=later, translations=()), sha256="cd" * 32)
    assert [each.passage.speaker_id for each in entries(archive)] == ["producer", *["director"] * 4]
    assert len(ReviewDesk(archive).unanchored()) == 1


def test_a_translation_into_another_language_waits_for_its_language(archive: Archive) -> None:
    correct(archive, 0, "translation", "Hacíamos cine a mano.")
    archive.set_conference(replace(CONFERENCE, target_language="ko"))
    assert entries(archive)[0].translation is None
    assert len(ReviewDesk(archive).unanchored()) == 1
    archive.set_conference(replace(CONFERENCE, target_language="es"))
    assert entries(archive)[0].translation == "Hacíamos cine a mano."


def test_what_cites_a_passage_leads_to_its_words_for_good(archive: Archive) -> None:
    first, second, third = (each.passage.id for each in entries(archive)[:3])
    assert archive.present_passage(second) == second
    ReviewDesk(archive).merge(second, third, reviewer="ana")
    assert archive.present_passage(third) == second
    keep(archive, cut(4, 21))
    assert archive.present_passage(first) == first
    assert archive.present_passage(second) == archive.present_passage(third) == "rec-1-00002000"
    keep(archive, cut(6, 15, 20, 25))
    assert archive.present_passage("rec-1-00002000") == second
    assert archive.present_passage("nobody") is None


edges = st.lists(st.integers(1, len(WORDS) - 1), max_size=6)
acts = st.lists(
    st.tuples(
        st.sampled_from(
            ["text", "translation", "speaker", "theme", "end_s", "split", "merge", "state", "undo"]
        ),
        st.integers(0, 5),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8),
    ),
    max_size=6,
)


def act(archive: Archive, kind: str, n: int, text: str) -> None:
    """Do something to the nth passage, if it can be done."""
    from transcripts.errors import ArchiveError

    desk, found = ReviewDesk(archive), entries(archive)
    n %= len(found)
    passage = found[n].passage
    try:
        if kind == "split":
            desk.split(passage.id, len(passage.text) // 2, reviewer="ana")
        elif kind == "merge":
            desk.merge(passage.id, found[(n + 1) % len(found)].passage.id, reviewer="ana")
        elif kind == "state":
            desk.set_state(passage.id, ("draft", "reviewed", "approved")[n % 3], "ana")
        elif kind == "undo":
            desk.undo(len(archive.reviews()) - n % 2, "ana")
        elif kind == "theme":
            desk.correct(passage.id, "theme:ethics", str(bool(n % 2)), reviewer="ana")
        else:
            values = {"speaker": "producer", "end_s": str(passage.span.end_s - 0.25)}
            desk.correct(passage.id, kind, values.get(kind, passage.text + text), reviewer="ana")
    except ArchiveError:
        pass


SCRATCH = Archive.in_memory()  # emptied for each example: quicker than a new one


def emptied() -> Archive:
    with SCRATCH.writing() as connection:
        for table in reversed(METADATA.sorted_tables):
            if table.name != "meta":
                connection.execute(table.delete())
    SCRATCH.set_conference(replace(CONFERENCE, target_language="es"))
    return SCRATCH


@settings(max_examples=40)
@given(before=edges, acts=acts, after=edges)
def test_whatever_people_did_and_however_it_is_cut_nothing_is_lost(
    before: list[int], acts: list[tuple[str, int, str]], after: list[int]
) -> None:
    archive = emptied()
    keep(archive, cut(*before))
    for kind, n, text in acts:
        act(archive, kind, n, text)
    people, journal = entries(archive), archive.reviews()
    keep(archive, cut(*after))
    assert archive.reviews() == journal
    desk = ReviewDesk(archive)
    told = {each.id for each in desk.unanchored()}
    for each in entries(archive):
        told |= {change.review.id for change in desk.history(each.passage.id)}
    told |= {change.review.id for review in journal for change in desk.history(review.passage_id)}
    assert told == {review.id for review in journal}
    keep(archive, cut(*before))  # the machine says again what people had before them
    assert entries(archive) == people


EDITOR = """
import sys
from pathlib import Path
from test_reanchoring import *
with Archive.open(Path(sys.argv[1])) as archive:
    print("open", flush=True)
    while True:
        for text in ("one", "two"):
            ReviewDesk(archive).correct(entries(archive)[0].passage.id, "text", text, reviewer="ana")
            ReviewDesk(archive).set_state(entries(archive)[0].passage.id, "approved", text)
"""


def test_an_editor_who_is_killed_leaves_whole_changes(tmp_path: Path) -> None:
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent)])}
    with Archive.open(tmp_path, create=True) as archive:
        archive.set_conference(CONFERENCE)
        keep(archive, cut(6, 15))
    for delay_s in (0.0, 0.1):
        editor = subprocess.Popen(
            [sys.executable, "-c", EDITOR, str(tmp_path)], stdout=subprocess.PIPE, env=environment
        )
        assert editor.stdout is not None
        assert editor.stdout.readline() == b"open\n"
        try:
            editor.wait(delay_s)
        except subprocess.TimeoutExpired:
            os.kill(editor.pid, signal.SIGKILL)
        os.kill(editor.pid, signal.SIGKILL)
        editor.wait()
        editor.stdout.close()
        with Archive.open(tmp_path) as archive:
            now, journal = entries(archive), archive.reviews()
            last = {each.field: each for each in journal}
            if "text" in last:
                assert now[0].passage.text == last["text"].after
                assert now[0].state == (
                    "approved"
                    if journal[-1].field == "state"
                    else "reviewed"
                    if len(journal) > 1
                    else "draft"
                )
            keep(archive, replace(cut(6, 15), notes=("again",)))
            assert entries(archive) == now
            keep(archive, cut(6, 15))
