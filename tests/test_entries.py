"""Entries: passages as they are read, with all that is shown beside them, found by what they are."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_archive import CONFERENCE, SCRIPT, STAGES, TRANSLATOR, fill, layers, recording
from sqlalchemy import insert, select, update

from transcripts import entries, schema
from transcripts.archive import Archive, RecordingLayers, Selection
from transcripts.quality import DOUBTFUL_BELOW, GOOD_FROM, NO_DOUBT, quality_word
from transcripts.query import SearchQuery
from transcripts.search import SearchIndex


@pytest.fixture
def archive(new_archive: Archive) -> Archive:
    return fill(new_archive)


def ids(archive: Archive, **selected: Any) -> list[str]:
    return [entry.passage.id for entry in archive.entries(Selection(**selected))]


def restrict(archive: Archive, **row: Any) -> None:
    blank = {
        "reason": "asked",
        "until": "",
        "by": "ana",
        "at": "2025-01-01",
        "lifted_by": "",
        "lifted_at": "",
    }
    with archive.writing() as connection:
        connection.execute(insert(schema.restrictions), {**blank, **row})


def test_an_entry_says_where_it_comes_from_and_who_made_it(archive: Archive) -> None:
    first = archive.entries()[0]
    assert (first.conference_id, first.conference_title) == ("film-ai", "The Future of Filmmaking")
    assert (first.panel_title, first.held_on, first.recording_kind) == ("Opening", "2025-03-01", "audio")
    assert (first.affiliation, first.state, first.reviewer, first.restricted) == (
        "Studio",
        "draft",
        "",
        False,
    )
    assert (first.quality, first.translation_flags, first.translation_signature) == (0.5, (), TRANSLATOR)
    assert first.evidence == {"ethics": (0, 2)}
    assert first.passage == layers("rec-1").passages[0]
    unnamed = archive.entries_by_id(["p07"])["p07"]
    assert (unnamed.speaker, unnamed.affiliation) == ("S2", "")
    english = archive.entries_by_id(["p05"])["p05"]
    assert (english.translation, english.quality, english.translation_signature) == (None, None, None)


def test_entries_come_in_the_order_of_the_programme_or_as_asked(archive: Archive) -> None:
    everything = [line[1] for line in SCRIPT]
    assert ids(archive) == everything
    with archive.reading() as connection:
        assert entries.ids_by_time(connection, Selection(), limit=3, offset=4) == everything[4:7]
        assert entries.count(connection, Selection(languages=frozenset({"ko"}))) == 2
    assert list(archive.entries_by_id(["p06", "gone", "p02"])) == ["p06", "p02"]
    assert [entry.passage.id for entry in archive.entries_of_recordings(["rec-2"])] == everything[5:]


def test_a_tenth_recording_of_a_panel_comes_after_the_second(archive: Archive) -> None:
    names = ["opening", *(f"opening-{number}" for number in range(2, 12))]
    for name in names:
        (passage,) = (each for each in layers("rec-1").passages if each.id == "p01")
        said = dataclasses.replace(passage, id=f"{name}-0", recording_id=name, segment_ids=())
        heard = dataclasses.replace(recording("rec-1"), id=name)
        archive.keep(heard, RecordingLayers(passages=(said,)), STAGES)
    expected = [f"{name}-0" for name in names]
    assert [each for each in ids(archive) if each.startswith("opening")] == expected
    found = SearchIndex.open(archive).find(SearchQuery(panels=("opening",), limit=50)).hits
    assert [hit.passage_id for hit in found if hit.passage_id.startswith("opening")] == expected


def test_entries_are_selected_by_date_state_and_quality(archive: Archive) -> None:
    everything = [line[1] for line in SCRIPT]
    assert ids(archive, held_after="2025-03-02") == everything[5:]
    assert ids(archive, held_before="2025-03-01") == everything[:5]
    assert ids(archive, held_after="2025-03-01", held_before="2025-03-02") == everything
    undated = tuple(dataclasses.replace(panel, held_on="") for panel in CONFERENCE.panels)
    archive.set_conference(dataclasses.replace(CONFERENCE, panels=undated))
    assert ids(archive, held_before="2025-03-01") == ids(archive, held_after="2025-03-01") == []
    assert ids(archive, states=frozenset({"draft", "approved"})) == everything
    assert ids(archive, states=frozenset({"approved"})) == ids(archive, states=frozenset()) == []
    assert ids(archive, qualities=frozenset({"check"})) == [p for p in everything if p != "p05"]
    assert ids(archive, qualities=frozenset({"good"})) == ["p05"]
    assert ids(archive, qualities=frozenset()) == ids(archive, qualities=frozenset({"splendid"})) == []


@given(
    quality=st.none() | st.floats(0, 1) | st.sampled_from([GOOD_FROM, DOUBTFUL_BELOW, DOUBTFUL_BELOW - 1e-9]),
    flags=st.lists(st.text(max_size=5) | st.sampled_from(sorted(NO_DOUBT)), max_size=3, unique=True),
)
def test_the_word_of_a_quality_is_the_same_in_a_query(quality: float | None, flags: list[str]) -> None:
    word = quality_word(quality, flags)
    readings = schema.readings
    row: dict[str, Any] = dict.fromkeys((column.name for column in readings.columns), "")
    row |= {
        "segment_ids": [],
        "flags": [],
        "quality": quality,
        "translation_flags": flags,
        "recording_id": "r",
    }
    row |= dict.fromkeys(
        ("position", "start_s", "end_s", "confidence", "speaker_share", "doubt", "revision"), 0
    )
    with SCRATCH.reading() as connection:
        connection.execute(readings.delete())
        connection.execute(insert(readings), row)
        for each in ("good", "check", "doubtful"):
            found = connection.execute(select(readings.c.id).where(entries.has_quality(each))).all()
            assert bool(found) == (each == word)
        connection.execute(readings.delete())


SCRATCH = Archive.in_memory()  # Hypothesis wants no fixture of function scope


@pytest.mark.parametrize(
    ("row", "withheld"),
    [
        ({"kind": "panel", "target": "opening"}, ["p01", "p02", "p03", "p04", "p05"]),
        ({"kind": "speaker", "target": "producer"}, ["p03", "p04", "p05"]),
        ({"kind": "passage", "target": "p02", "recording_id": "rec-1"}, ["p02"]),
        ({"kind": "passage", "target": "p02", "recording_id": "rec-1", "until": "2001-01-01"}, []),
        ({"kind": "passage", "target": "p02", "recording_id": "rec-1", "until": "2999-01-01"}, ["p02"]),
        (
            # cut anew since: what shares its time is withheld, and what only touches it is not
            {"kind": "passage", "target": "old", "recording_id": "rec-1", "start_s": 8.1, "end_s": 20.2},
            ["p02"],
        ),
        (
            {"kind": "passage", "target": "old", "recording_id": "rec-1", "start_s": 15.0, "end_s": 21.0},
            ["p02", "p03"],
        ),
    ],
)
def test_what_is_withheld_is_left_out_unless_asked_for(
    archive: Archive, row: dict[str, Any], withheld: list[str]
) -> None:
    restrict(archive, **row)
    everything = [line[1] for line in SCRIPT]
    assert ids(archive) == [p for p in everything if p not in withheld]
    assert list(archive.entries_by_id(everything)) == ids(archive)
    assert [e.passage.id for e in archive.entries_of_recordings(["rec-1", "rec-2"])] == ids(archive)
    asked = archive.entries(Selection(restricted=True))
    assert [entry.passage.id for entry in asked] == everything
    assert [entry.passage.id for entry in asked if entry.restricted] == withheld


def test_passages_that_read_as_before_keep_their_revision(archive: Archive) -> None:
    with archive.reading() as connection:
        before = dict(
            connection.execute(select(schema.recordings.c.id, schema.recordings.c.revision)).tuples().all()
        )
    kept = layers("rec-2")
    other = dataclasses.replace(kept.passages[1], text="something else")
    archive.keep(
        recording("rec-2"),
        dataclasses.replace(kept, passages=(kept.passages[0], other, *kept.passages[2:])),
        STAGES,
    )
    with archive.reading() as connection:
        assert entries.changed_passages(connection, max(before.values())) == {other.id}
    fewer = layers("rec-2", without=("p06",))
    where = {passage.id: passage.span for passage in kept.passages}
    in_place = tuple(dataclasses.replace(passage, span=where[passage.id]) for passage in fewer.passages)
    archive.keep(recording("rec-2"), dataclasses.replace(fewer, passages=in_place), STAGES)
    with archive.reading() as connection:  # p08 has moved up, and reads as before
        assert entries.changed_passages(connection, max(before.values()) + 1) == {"p07"}
    assert ids(archive, panels=frozenset({CONFERENCE.panels[1].id})) == ["p07", "p08"]


def test_many_entries_are_read_in_few_statements(archive: Archive) -> None:
    from sqlalchemy import event

    template = layers("rec-1").passages[0]
    many = tuple(dataclasses.replace(template, id=f"m{n:05d}", ordinal=n) for n in range(3000))
    archive.keep(
        recording("rec-1"),
        dataclasses.replace(
            layers("rec-2"),
            passages=many,
            tags=(),
            translations=(),
            embeddings=(),
            translation_embeddings=(),
            clauses=(),
        ),
        (),
    )
    statements: list[str] = []
    event.listen(archive._database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert len(archive.entries()) == 3003
    assert len(statements) < 25


def test_a_speaker_is_not_everybody_whom_nothing_names(archive: Archive) -> None:
    """Captions may say neither who speaks nor that it is somebody else."""
    speaker = archive.entries()[0].passage.speaker_id
    with archive.writing() as connection:
        nobody = {"speaker_id": None, "speaker_label": ""}
        connection.execute(update(schema.readings).where(schema.readings.c.id == "p07").values(**nobody))
    chosen = frozenset({("film-ai", speaker)})
    assert "p07" not in ids(archive, speakers=chosen)
    hits = SearchIndex.open(archive).find(SearchQuery(speakers=(str(speaker),))).hits
    assert [hit.entry.passage.id for hit in hits] == ids(archive, speakers=chosen)
