"""Review: what people change holds at once, is never lost, and can be taken back."""

from __future__ import annotations

import dataclasses
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_archive import CONFERENCE, STAGES, TRANSLATOR, fill, layers, recording

from flows.work import memory_of
from transcripts.archive import Archive, Entry, RecordingLayers
from transcripts.citations import citation, translator
from transcripts.errors import ArchiveError, ConflictError
from transcripts.holdings import Selection
from transcripts.meanings import embedding_signature, stored_vectors
from transcripts.place import Place
from transcripts.records import Passage, Segment, Span, Word
from transcripts.review import ReviewDesk


@pytest.fixture
def archive(new_archive: Archive) -> Archive:
    return fill(new_archive)


@pytest.fixture
def desk(archive: Archive) -> ReviewDesk:
    return ReviewDesk(archive)


def entry(archive: Archive, passage_id: str) -> Entry:
    return archive.entries_by_id([passage_id], Selection(restricted=True))[passage_id]


def ids(archive: Archive, recording_id: str) -> list[str]:
    return [each.passage.id for each in archive.entries_of_recordings([recording_id])]


# Correcting


def test_every_field_can_be_corrected(archive: Archive, desk: ReviewDesk) -> None:
    for field, value in (
        ("text", "  AI倫理委員会でよく議論しました。 "),
        ("translation", "We discussed it well."),
        ("language", "ko"),
        ("speaker", "producer"),
        ("start_s", "1.5"),
        ("end_s", "9"),
        ("theme:ethics", "False"),
        ("theme:o'future", "True"),
    ):
        desk.correct("p01", field, value, reviewer="ana")
    found = entry(archive, "p01")
    passage = found.passage
    assert passage.text == "AI倫理委員会でよく議論しました。"
    assert (found.translation, found.quality, found.translation_signature) == (
        "We discussed it well.",
        None,
        None,
    )
    assert (passage.language, passage.speaker_id, found.speaker) == ("ko", "producer", "Productora (México)")
    assert passage.span == Span(1.5, 9.0)
    assert found.themes == (("o'future", 1.0),)
    assert archive.passages("rec-1") == layers("rec-1").passages  # what the machine said is kept
    speakers = Selection(speakers=frozenset({("film-ai", "producer")}), languages=frozenset({"ko"}))
    assert [each.passage.id for each in archive.entries(speakers)] == ["p01"]


def test_what_is_so_already_is_no_change(archive: Archive, desk: ReviewDesk) -> None:
    text = entry(archive, "p01").passage.text
    assert desk.correct("p01", "text", f" {text}\n", reviewer="ana") is None
    assert desk.correct("p01", "start_s", "0", reviewer="ana") is None
    assert archive.reviews() == ()
    assert desk.correct("p01", "theme:ethics", "True", reviewer="ana")  # a person agrees with the machine
    assert desk.correct("p01", "theme:ethics", "True", reviewer="ben") is None


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("colour", "red", "has no field 'colour': it has text, translation"),
        ("text", " \n", "cannot be empty"),
        ("text", "a\0b", "no text"),
        ("text", "\ud800", "no text"),
        ("text", "x" * 20_001, "20001 letters is too long"),
        ("language", "Japanese!", "no language code"),
        ("speaker", "nobody", "no speaker 'nobody': take one of director, producer, o'hara"),
        ("start_s", "soon", "'soon' is no time"),
        ("start_s", "nan", "cannot be"),
        ("start_s", "8.123", "cannot be"),
        ("end_s", "1e9", "cannot be.*123.250 s of the recording"),
        ("theme:etics", "True", "no theme 'etics'"),
        ("theme:ethics", "perhaps", "'True' or 'False'"),
    ],
)
def test_a_value_that_cannot_be_is_told(
    archive: Archive, desk: ReviewDesk, field: str, value: str, told: str
) -> None:
    with pytest.raises(ArchiveError, match=told):
        desk.correct("p01", field, value, reviewer="ana")
    with pytest.raises(ArchiveError, match="no name of a person"):
        desk.correct("p01", "text", "better", reviewer=" ")
    with pytest.raises(ArchiveError, match="no passage 'p99'"):
        desk.correct("p99", "text", "better", reviewer="ana")
    assert archive.reviews() == ()


hostile = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(
    lambda text: text.strip()
)
SCRATCH = fill(Archive.in_memory())  # Hypothesis wants no fixture of function scope


@settings(max_examples=30)  # each writes and takes back five changes
@given(text=hostile, translation=hostile, at=st.integers(-1, 40))
def test_any_text_is_kept_exactly_and_can_be_cut_and_put_together(
    text: str, translation: str, at: int
) -> None:
    fill(SCRATCH)
    desk = ReviewDesk(SCRATCH)
    before = SCRATCH.entries_of_recordings(["rec-1"])
    done = [
        desk.correct("p04", "text", text, reviewer="ana"),
        desk.correct("p04", "translation", translation, reviewer="ana"),
    ]
    found = entry(SCRATCH, "p04")
    assert (found.passage.text, found.translation) == (text.strip(), translation.strip())
    if at < 0 or not text.strip()[:at].strip() or not text.strip()[at:].strip():
        with pytest.raises(ArchiveError, match="both parts need text"):
            desk.split("p04", at, reviewer="ana")
    else:
        done.append(desk.split("p04", at, reviewer="ana"))
        parts = SCRATCH.entries_of_recordings(["rec-1"])[3:5]
        assert all(text.strip().find(part.passage.text) >= 0 for part in parts)
        done.append(desk.merge("p04", parts[1].passage.id, reviewer="ana"))
        assert "".join(entry(SCRATCH, "p04").passage.text.split()) == "".join(text.split())
    for review in reversed(done):
        if review:
            desk.undo(review.id, "ana")
    assert SCRATCH.entries_of_recordings(["rec-1"]) == before


def test_a_voice_is_named_in_all_its_passages(archive: Archive, desk: ReviewDesk) -> None:
    assert len(desk.name_voice("rec-2", "S2", "o'hara", reviewer="ana")) == 2
    assert [each.passage.speaker_id for each in archive.entries_of_recordings(["rec-2"])] == ["o'hara"] * 3
    assert desk.name_voice("rec-2", "S2", "o'hara", reviewer="ana") == ()
    assert len(desk.name_voice("rec-2", "S2", "", reviewer="ana")) == 2
    assert archive.entries_of_recordings(["rec-2"])[1].speaker == "S2"
    with pytest.raises(ArchiveError, match="no passage of a voice 'S9'"):
        desk.name_voice("rec-2", "S9", "o'hara", reviewer="ana")
    with pytest.raises(ArchiveError, match="no speaker 'nobody'"):
        desk.name_voice("rec-2", "S2", "nobody", reviewer="ana")


def test_a_corrected_text_makes_a_machines_translation_stale(archive: Archive, desk: ReviewDesk) -> None:
    desk.correct("p01", "text", "別の文です。", reviewer="ana")
    found = entry(archive, "p01")
    assert found.translation_flags == ("stale",)
    assert found.translation_signature == TRANSLATOR
    assert [e.passage.id for e in archive.entries(Selection(qualities=frozenset({"doubtful"})))] == ["p01"]
    desk.correct("p01", "translation", "This is another sentence.", reviewer="ana")
    assert entry(archive, "p01").translation_flags == ()
    desk.correct("p01", "text", "また別の文です。", reviewer="ana")
    assert entry(archive, "p01").translation_flags == ()  # a person wrote it


def test_a_translation_from_another_language_is_doubted(archive: Archive, desk: ReviewDesk) -> None:
    desk.correct("p01", "language", "ko", reviewer="ana")
    assert entry(archive, "p01").translation_flags == ("stale",)
    desk.correct("p02", "language", "en", reviewer="ana")  # the language of the translations: none is needed
    found = entry(archive, "p02")
    assert (found.translation, found.translation_signature, found.translation_flags) == (None, None, ())


def test_evidence_moves_with_the_text(archive: Archive, desk: ReviewDesk) -> None:
    assert entry(archive, "p01").evidence == {"ethics": (0, 2)}
    desk.correct("p01", "text", "その" + entry(archive, "p01").passage.text, reviewer="ana")
    assert entry(archive, "p01").evidence == {"ethics": (2, 4)}


def test_doubts_that_a_person_answered_are_gone(archive: Archive, desk: ReviewDesk) -> None:
    flags = ("low_confidence", "speaker_doubtful", "language_doubtful", "overlap")
    passages = [dataclasses.replace(each, flags=flags) for each in layers("rec-1").passages]
    archive.keep(recording("rec-1"), dataclasses.replace(layers("rec-1"), passages=tuple(passages)), STAGES)
    desk.correct("p01", "speaker", "producer", reviewer="ana")
    assert "speaker_doubtful" not in entry(archive, "p01").passage.flags
    desk.correct("p01", "text", "違う", reviewer="ana")
    assert entry(archive, "p01").passage.flags == ("language_doubtful", "overlap")
    assert entry(archive, "p01").passage.confidence == 1


# States and the queue


def test_a_passage_goes_from_draft_to_approved_and_back(archive: Archive, desk: ReviewDesk) -> None:
    desk.correct("p01", "text", "違う", reviewer="ana")
    assert (entry(archive, "p01").state, entry(archive, "p01").reviewer) == ("draft", "")
    desk.set_state("p01", "reviewed", "ana")
    desk.set_state("p01", "approved", "ben")
    found = entry(archive, "p01")
    assert (found.state, found.reviewer, found.translation_flags) == ("approved", "ben", ())
    assert [e.passage.id for e in archive.entries(Selection(states=frozenset({"approved"})))] == ["p01"]
    review = desk.correct("p01", "language", "ko", reviewer="carla")
    assert review
    assert review.state == entry(archive, "p01").state == "reviewed"
    assert entry(archive, "p01").reviewer == "carla"
    desk.undo(review.id, "carla")
    assert (entry(archive, "p01").state, entry(archive, "p01").reviewer) == ("approved", "ben")
    desk.set_state("p01", "draft", "ben")
    assert entry(archive, "p01").state == "draft"
    with pytest.raises(ArchiveError, match="'splendid' is no state: a passage is draft, reviewed, approved"):
        desk.set_state("p01", "splendid", "ben")


def test_a_translation_that_came_after_the_approval_is_nobodys_word(
    archive: Archive, desk: ReviewDesk
) -> None:
    translated = layers("rec-1")
    archive.keep(recording("rec-1"), dataclasses.replace(translated, translations=()), STAGES)
    desk.set_state("p01", "approved", "ana")
    desk.set_state("p05", "approved", "ana")  # in the language of the translations: it needs none
    archive.keep(recording("rec-1"), translated, STAGES)
    found = entry(archive, "p01")
    assert (found.state, found.translation_signature) == ("approved", TRANSLATOR)
    assert found.translation == "We discussed it in the AI ethics committee."
    assert found.translation_flags == ("unseen",)
    assert "trans. by fake (unreviewed), reviewed by ana" in citation(found)
    assert entry(archive, "p05").translation_flags == ()
    assert memory_of(archive, "film-ai").exact(found.passage.text, "ja", "en") is None
    (doubted,) = archive.entries(Selection(qualities=frozenset({"doubtful"})))
    assert doubted.passage.id == "p01"
    approved = Selection(states=frozenset({"approved"}))
    assert desk.queue(approved, limit=1) == [found]
    desk.set_state("p01", "approved", "ben")  # with the translation before their eyes
    assert entry(archive, "p01").translation_flags == ()
    assert memory_of(archive, "film-ai").exact(found.passage.text, "ja", "en") == found.translation


def test_a_translation_of_what_has_been_corrected_since_is_not_remembered(
    archive: Archive, desk: ReviewDesk
) -> None:
    desk.set_state("p01", "approved", "ana")
    desk.correct("p01", "text", "委員会では何も話しませんでした。", reviewer="ben")
    found = entry(archive, "p01")
    assert (found.state, found.translation_flags) == ("reviewed", ("stale",))
    assert memory_of(archive, "film-ai").exact(found.passage.text, "ja", "en") is None
    desk.correct("p01", "translation", "We said nothing in the committee.", reviewer="ben")
    assert memory_of(archive, "film-ai").exact(found.passage.text, "ja", "en") is not None


def test_the_queue_begins_with_the_most_doubtful(archive: Archive, desk: ReviewDesk) -> None:
    passages = [
        dataclasses.replace(each, confidence=0.9 - n / 10) for n, each in enumerate(layers("rec-1").passages)
    ]
    translations = [
        dataclasses.replace(each, flags=("translation_doubtful",) if each.passage_id == "p02" else ())
        for each in layers("rec-1").translations
    ]
    kept = dataclasses.replace(layers("rec-1"), passages=tuple(passages), translations=tuple(translations))
    archive.keep(recording("rec-1"), kept, STAGES)
    opening = Selection(panels=frozenset({"opening"}))
    assert [each.passage.id for each in desk.queue(opening)] == ["p02", "p04", "p03", "p01", "p05"]
    assert [each.passage.id for each in desk.queue(opening, limit=2, offset=1)] == ["p04", "p03"]
    desk.set_state("p04", "reviewed", "ana")
    assert [each.passage.id for each in desk.queue(opening)] == ["p02", "p03", "p01", "p05"]
    reviewed = desk.queue(Selection(states=frozenset({"reviewed"})))
    assert [each.passage.id for each in reviewed] == ["p04"]


# Dividing and uniting


def test_a_passage_is_divided_with_all_that_is_known_of_it(archive: Archive, desk: ReviewDesk) -> None:
    text = "La ética no es un adorno. El guion sí lo es."
    desk.correct("p04", "text", text, reviewer="ana")
    desk.correct("p04", "translation", "Ethics is no ornament. The script is one.", reviewer="ana")
    review = desk.split("p04", text.index("El"), reviewer="ana", expected=text)
    first, second = archive.entries_of_recordings(["rec-1"])[3:5]
    assert (first.passage.id, second.passage.id) == ("p04", review.detail["new_id"])
    assert (first.passage.text, second.passage.text) == ("La ética no es un adorno.", "El guion sí lo es.")
    assert (first.translation, second.translation) == ("Ethics is no ornament.", "The script is one.")
    assert first.passage.span.end_s == second.passage.span.start_s
    assert (first.passage.ordinal, second.passage.ordinal) == (3, 4)
    assert (first.evidence, second.themes) == ({"ethics": (0, 2)}, ())
    with archive.reading() as connection:
        vectors = stored_vectors(connection, [second.passage.id, "p04"], embedding_signature(connection))
    assert vectors[second.passage.id] == vectors["p04"]
    desk.correct(second.passage.id, "text", "El guion lo es.", reviewer="ben")
    assert entry(archive, second.passage.id).passage.text == "El guion lo es."
    for at in (-1, 0, 500):
        with pytest.raises(ArchiveError, match="both parts need text"):
            desk.split("p04", at, reviewer="ana")
    with pytest.raises(ArchiveError, match="second 99 is not within"):
        desk.split("p04", 3, reviewer="ana", at_s=99)


def test_a_cut_is_where_the_word_is_heard() -> None:
    words = tuple(
        Word(text, Span(start_s, start_s + 0.4), 0.9)
        for text, start_s in ((" We", 10.0), (" know.", 10.5), (" They", 14.0), (" do", 14.6))
    )
    span = Span(10.0, 15.0)
    kept = RecordingLayers(
        segments=(Segment("s", "rec-1", span, "en", 1.0, "We know. They do", words),),
        passages=(Passage("p", "rec-1", 0, span, None, "S1", "en", "We know. They do", ("s",)),),
    )
    with Archive.in_memory() as archive:
        archive.set_conference(CONFERENCE)
        archive.keep(recording("rec-1"), kept, ())
        desk = ReviewDesk(archive)
        desk.split("p", 9, reviewer="ana")
        assert [each.passage.span for each in archive.entries()] == [Span(10.0, 14.0), Span(14.0, 15.0)]
        desk.split("p", 1, reviewer="ana")  # inside the first word: as far along as in the text
        assert [each.passage.span for each in archive.entries()][:2] == [Span(10.0, 10.5), Span(10.5, 14.0)]
        second = archive.entries()[1].passage.id
        for edge in (10.5, 14.0):
            with pytest.raises(ArchiveError, match=r"is not within passage .*: both parts need time"):
                desk.split(second, 2, reviewer="ana", at_s=edge)


def test_two_passages_are_united(archive: Archive, desk: ReviewDesk) -> None:
    first, second = entry(archive, "p03"), entry(archive, "p04")
    desk.merge("p03", "p04", reviewer="ana", expected=f"{first.passage.text}\n{second.passage.text}")
    found = entry(archive, "p03")
    assert found.passage.text == f"{first.passage.text} {second.passage.text}"
    assert found.translation == f"{first.translation} {second.translation}"
    assert found.passage.span == first.passage.span.cover(second.passage.span)
    start = len(first.passage.text) + 1
    assert (found.themes, found.evidence) == ((("ethics", 0.8),), {"ethics": (start, start + 2)})
    assert ids(archive, "rec-1") == ["p01", "p02", "p03", "p05"]
    assert [change.review.field for change in desk.history("p03")] == ["merge"]
    desk.merge("p01", "p02", reviewer="ana")
    assert entry(archive, "p01").passage.text.count("。") == 2
    assert " " not in entry(archive, "p01").passage.text  # as Japanese is written
    for wrong, told in ((("p01", "p05"), "does not follow"), (("p01", "p03"), "differ: correct speaker")):
        with pytest.raises(ArchiveError, match=told):
            desk.merge(*wrong, reviewer="ana")


def test_a_translation_of_several_hands_is_credited_to_all(archive: Archive, desk: ReviewDesk) -> None:
    desk.correct("p04", "translation", "Ethics, I say.", reviewer="ana")
    desk.merge("p03", "p04", reviewer="ana")
    found = entry(archive, "p03")
    assert found.translation == "Production in the villages. Ethics, I say."
    assert "trans. by fake and others, unreviewed" in citation(found)
    assert "p03" not in [e.passage.id for e in archive.entries(Selection(qualities=frozenset({"doubtful"})))]
    desk.set_state("p03", "approved", "ana")
    assert "trans. by fake and others, reviewed by ana" in citation(entry(archive, "p03"))
    desk.correct("p03", "translation", "All of it by me.", reviewer="ana")
    assert "trans. by a person, " in citation(entry(archive, "p03"))
    desk.merge("p01", "p02", reviewer="ana")  # of one machine, as before
    assert (entry(archive, "p01").translation_flags, translator(entry(archive, "p01"))) == ((), "fake")


# Taking back


def test_what_was_changed_is_taken_back_and_again(archive: Archive, desk: ReviewDesk) -> None:
    before = archive.entries()
    first = desk.correct("p01", "text", "一", reviewer="ana")
    second = desk.correct("p01", "text", "二", reviewer="ben")
    assert first
    assert second
    with pytest.raises(ConflictError, match=r"ben has changed the text since \(change 2\)"):
        desk.undo(first.id, "ana")
    undoing = desk.undo(second.id, "ana")
    assert entry(archive, "p01").passage.text == "一"
    with pytest.raises(ArchiveError, match="was taken back already"):
        desk.undo(second.id, "ana")
    desk.undo(undoing.id, "ben")
    assert entry(archive, "p01").passage.text == "二"
    desk.undo(second.id, "ana")
    desk.undo(first.id, "ana")
    assert archive.entries() == before
    with pytest.raises(ArchiveError, match="no change 99"):
        desk.undo(99, "ana")


def test_what_later_changes_build_on_is_taken_back_after_them(archive: Archive, desk: ReviewDesk) -> None:
    text = desk.correct("p04", "text", "La ética. El guion.", reviewer="ana")
    theme = desk.correct("p04", "theme:ethics", "True", reviewer="ana")
    state = desk.set_state("p04", "approved", "ana")
    assert text
    assert theme
    with pytest.raises(ConflictError, match="the state since"):
        desk.undo(text.id, "ana")
    desk.undo(theme.id, "ana")
    split = desk.split("p04", 9, reviewer="ana")
    second = desk.correct(split.detail["new_id"], "text", "Un guion.", reviewer="ana")
    assert second
    for blocked in (state, split):
        with pytest.raises(ConflictError):
            desk.undo(blocked.id, "ana")
    for review in (second, split, state, text):
        desk.undo(review.id, "ana")
    assert entry(archive, "p04").passage == layers("rec-1").passages[3]


def test_a_boundary_is_not_taken_back_under_what_others_did_since(archive: Archive, desk: ReviewDesk) -> None:
    longer = desk.correct("p04", "end_s", "39.9", reviewer="ana")
    assert longer
    later = [
        desk.correct("p04", "translation", "Ethics adorns nothing.", reviewer="ben"),
        desk.correct("p04", "text", "La ética no adorna nada.", reviewer="ben"),
        desk.set_state("p04", "approved", "ben"),
    ]
    before = entry(archive, "p04")
    with pytest.raises(ConflictError, match=r"ben has changed the translation since \(change 2\)"):
        desk.undo(longer.id, "ana")
    assert entry(archive, "p04") == before
    assert len(archive.reviews()) == 4
    for review in reversed(later):
        assert review
        desk.undo(review.id, "ben")
    undoing = desk.undo(longer.id, "ana")
    desk.correct("p04", "translation", "Ethics is none.", reviewer="ben")
    with pytest.raises(ConflictError, match="the translation since"):  # nor is it done again
        desk.undo(undoing.id, "ana")
    assert desk.unanchored() == ()
    near = desk.correct("p02", "end_s", "18.3", reviewer="ana")
    assert near
    desk.set_state("p02", "approved", "ben")
    desk.undo(near.id, "ana")  # so near that the approval keeps its place
    assert entry(archive, "p02").state == "approved"


def test_history_tells_who_changed_what_and_when(archive: Archive, desk: ReviewDesk) -> None:
    before = entry(archive, "p01").passage.text
    review = desk.correct("p01", "text", "一", reviewer="ana")
    assert review
    desk.undo(review.id, "ben")
    first, second = desk.history("p01")
    assert first.undone
    assert not second.undone
    assert (first.review.before, first.review.after, first.review.reviewer) == (before, "一", "ana")
    assert (second.review.field, second.review.after, second.review.reviewer) == ("undo", before, "ben")
    assert first.review.at.endswith("+00:00")
    assert desk.history("p02") == ()


# Two editors


def test_the_later_of_two_editors_sees_the_conflict(archive: Archive, desk: ReviewDesk) -> None:
    seen = entry(archive, "p01").passage.text
    desk.correct("p01", "text", "一", reviewer="ana", expected=seen)
    with pytest.raises(ConflictError, match="another person has changed the text") as caught:
        desk.correct("p01", "text", "二", reviewer="ben", expected=seen)
    assert (caught.value.expected, caught.value.present, caught.value.offered) == (seen, "一", "二")
    with pytest.raises(ConflictError):
        desk.split("p01", 2, reviewer="ben", expected=seen)
    with pytest.raises(ConflictError):
        desk.merge("p01", "p02", reviewer="ben", expected=seen)
    with pytest.raises(ConflictError):
        desk.set_state("p01", "approved", "ben", expected={"text": seen})
    with pytest.raises(ConflictError, match="changed the translation"):
        desk.set_state("p01", "approved", "ben", expected={"text": "一", "translation": "unlike it"})
    assert desk.correct(
        "p01", "translation", "One", reviewer="ben", expected=entry(archive, "p01").translation
    )


def test_a_theme_that_somebody_decided_is_no_machines_tag(archive: Archive, desk: ReviewDesk) -> None:
    desk.correct("p01", "theme:ethics", "True", reviewer="ana", expected="")  # as the machine says
    with pytest.raises(ConflictError, match="changed the theme:ethics") as caught:
        desk.correct("p01", "theme:ethics", "False", reviewer="ben", expected="")
    assert (caught.value.present, caught.value.offered) == ("True", "False")
    assert desk.correct("p01", "theme:ethics", "True", reviewer="ben", expected="") is None  # they agree
    assert desk.correct("p01", "theme:ethics", "False", reviewer="ben", expected="True")


def test_many_editors_at_once_lose_nothing(place: Place) -> None:
    with Archive.open(place, create=True) as archive:
        fill(archive)
        text = entry(archive, "p01").passage.text
    outcomes: list[str] = []

    def edit(name: str) -> None:
        with Archive.open(place) as mine:
            desk = ReviewDesk(mine)
            for n in range(3):
                desk.correct("p02", "theme:ethics", str(bool(n % 2)), reviewer=name)
            try:
                desk.correct("p01", "text", name, reviewer=name, expected=text)
                outcomes.append("kept")
            except ConflictError:
                outcomes.append("conflict")

    editors = [threading.Thread(target=edit, args=(f"editor {n}",)) for n in range(4)]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join()
    assert sorted(outcomes) == ["conflict", "conflict", "conflict", "kept"]
    with Archive.open(place) as archive:
        (kept,) = archive.reviews("p01")
        assert entry(archive, "p01").passage.text == kept.after == kept.reviewer
