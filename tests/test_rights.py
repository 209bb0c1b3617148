"""Rights: what is withheld is gone at once for all but editors, and comes back by itself or when lifted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sample_archive import SCRIPT, fill

from transcripts import rights, withheld
from transcripts.archive import Archive
from transcripts.errors import ArchiveError
from transcripts.holdings import Selection
from transcripts.review import ReviewDesk

EVERYTHING = [line[1] for line in SCRIPT]


@pytest.fixture
def archive(new_archive: Archive) -> Archive:
    return fill(new_archive)


def ids(archive: Archive) -> list[str]:
    return [entry.passage.id for entry in archive.entries()]


def day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


@pytest.mark.parametrize(
    ("kind", "target", "gone"),
    [
        ("panel", "opening", EVERYTHING[:5]),
        ("speaker", "o'hara", ["p06"]),
        ("passage", "p07", ["p07"]),
    ],
)
def test_what_is_withheld_is_gone_at_once_and_kept(
    archive: Archive, kind: str, target: str, gone: list[str]
) -> None:
    done = rights.restrict(archive, kind, target, reason=" asked ", by="ana")
    assert ids(archive) == [each for each in EVERYTHING if each not in gone]
    asked = archive.entries(Selection(restricted=True))
    assert [entry.passage.id for entry in asked if entry.restricted] == gone
    assert rights.restrictions(archive) == (done,)
    assert (done.reason, done.until, done.by) == ("asked", "", "ana")
    rights.lift(archive, kind, target, by="ben")
    assert ids(archive) == EVERYTHING
    assert rights.restrictions(archive) == ()
    (kept,) = rights.restrictions(archive, everything=True)
    assert (kept.reason, kept.lifted_by) == ("asked", "ben")
    with pytest.raises(ArchiveError, match=f"the {kind} '{target}' is not withheld"):
        rights.lift(archive, kind, target, by="ben")


def test_an_embargo_ends_on_its_day(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    rights.restrict(archive, "panel", "opening", reason="until the premiere", by="ana", until=day(2))
    assert ids(archive) == EVERYTHING[5:]
    monkeypatch.setattr(withheld, "today", lambda: day(1))
    assert ids(archive) == EVERYTHING[5:]
    monkeypatch.setattr(withheld, "today", lambda: day(2))
    assert ids(archive) == EVERYTHING
    assert rights.restrictions(archive) == ()


def test_a_restriction_is_replaced_by_a_later_one(archive: Archive) -> None:
    rights.restrict(archive, "passage", "p01", reason="for now", by="ana", until=day(9))
    rights.restrict(archive, "passage", "p01", reason="for good", by="ben")
    assert [(each.reason, each.until) for each in rights.restrictions(archive)] == [("for good", "")]
    assert len(rights.restrictions(archive, everything=True)) == 2


def test_a_withheld_passage_stays_so_however_it_is_cut(archive: Archive) -> None:
    rights.restrict(archive, "passage", "p04", reason="asked", by="ana")
    desk = ReviewDesk(archive)
    desk.split("p04", 12, reviewer="ana")
    assert ids(archive) == [each for each in EVERYTHING if each != "p04"]
    desk.merge("p03", "p04", reviewer="ana")
    assert "p03" not in ids(archive)
    assert {entry.passage.id for entry in desk.queue()} == set(ids(archive))


def test_a_speaker_who_was_found_out_later_is_withheld_as_well(archive: Archive) -> None:
    rights.restrict(archive, "speaker", "o'hara", reason="asked", by="ana")
    assert "p08" in ids(archive)
    ReviewDesk(archive).correct("p08", "speaker", "o'hara", reviewer="ana")
    assert "p08" not in ids(archive)


@pytest.mark.parametrize(
    ("kind", "target", "reason", "until", "told"),
    [
        ("room", "opening", "asked", None, "'room' cannot be withheld: take one of panel, speaker, passage"),
        ("panel", "closing", "asked", None, "no panel 'closing'"),
        ("panel", "opening", " ", None, "say why"),
        ("panel", "opening", "asked", "soon", "'soon' is no day"),
        ("panel", "opening", "asked", "2001-01-01", "is over"),
    ],
)
def test_what_cannot_be_withheld_is_told(
    archive: Archive, kind: str, target: str, reason: str, until: str | None, told: str
) -> None:
    with pytest.raises(ArchiveError, match=told):
        rights.restrict(archive, kind, target, reason=reason, by="ana", until=until)
    with pytest.raises(ArchiveError, match="no name of a person"):
        rights.restrict(archive, "panel", "opening", reason="asked", by="")
    assert rights.restrictions(archive, everything=True) == ()
