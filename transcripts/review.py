"""The desk at which people review: correct, divide, unite, approve, take back.

What they do is added to the journal (`reviews`), never changed, and holds at once: in the same
transaction the readings of the recording are made again. A change of what is not there any more
is refused with both texts, so that of two editors none loses anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, or_, select

from transcripts import entries, journal
from transcripts.archive import Archive
from transcripts.changes import undone
from transcripts.cuts import joined, natural_cut, time_at
from transcripts.errors import ArchiveError, ConflictError
from transcripts.holdings import Entry, Selection
from transcripts.journal import Wanted
from transcripts.records import Passage, Review
from transcripts.schema import reading_themes, readings, review_places, reviews, segments
from transcripts.values import checked, checked_text, present

STATES = ("draft", "reviewed", "approved")
_ANYTHING = Selection(restricted=True)


@dataclass(frozen=True, slots=True)
class Change:
    """A line of a passage's history: what was changed, and whether it was taken back since."""

    review: Review
    undone: bool


class ReviewDesk:
    """Reviewing one archive.

    Every change names its reviewer and may say what the person `expected` to change; where
    something else stands there now, ConflictError is raised and nothing changed. None expects
    nothing. Raises ArchiveError for a passage or a value that cannot be.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    # Changing

    def correct(
        self, passage_id: str, field: str, value: str, *, reviewer: str, expected: str | None = None
    ) -> Review | None:
        """Put down what a field should be; None where it is so already.

        Fields are text, translation, language, speaker (its id, '' for nobody), start_s, end_s and
        theme:ID ('True' or 'False'; '' is expected where no person is known to have decided).
        """
        with self._archive.writing() as connection:
            entry = _entry(connection, passage_id)
            before = present(entry, field)
            after = checked(connection, entry, field, value)
            decided = _decided(connection, passage_id, field)
            if after == before and decided != "":  # to agree with a machine's tag says something
                return None
            _expect(field, expected, before if expected or decided is None else decided, after)
            detail = {"language": entry.target_language} if field == "translation" else {}
            wanted = Wanted(entry, field, before, after, detail)
            return journal.add(connection, [wanted], reviewer)[0]

    def name_voice(self, recording_id: str, label: str, speaker: str, *, reviewer: str) -> tuple[Review, ...]:
        """Say whose voice a label of a recording (as 'S2') is: a correction of each of its passages.

        The speaker's id, '' for nobody's. Raises ArchiveError for a label that is not there.
        """
        with self._archive.writing() as connection:
            found = entries.entries_of_recordings(connection, [recording_id], _ANYTHING)
            heard = [each for each in found if each.passage.speaker_label == label]
            if not heard:
                raise ArchiveError(f"recording '{recording_id}' has no passage of a voice '{label}'")
            after = checked(connection, heard[0], "speaker", speaker)
            wanted = [
                Wanted(each, "speaker", before, after)
                for each in heard
                if (before := present(each, "speaker")) != after
            ]
            return journal.add(connection, wanted, reviewer)

    def split(
        self,
        passage_id: str,
        at_char: int,
        *,
        reviewer: str,
        expected: str | None = None,
        at_s: float | None = None,
        translation_at: int | None = None,
    ) -> Review:
        """Divide a passage before a character of its text.

        Without them, the time comes from the words heard and the cut of the translation from
        its sentences. The first part keeps the id; `detail["new_id"]` is the second's.
        """
        with self._archive.writing() as connection:
            entry = _entry(connection, passage_id)
            passage, translation = entry.passage, entry.translation or ""
            _expect("text", expected, passage.text, passage.text)
            first, second = passage.text[:at_char].strip(), passage.text[at_char:].strip()
            if at_char < 0 or not first or not second:
                raise ArchiveError(
                    f"passage '{passage_id}' cannot be divided before character {at_char} of "
                    f"{len(passage.text)}: both parts need text"
                )
            if at_s is None:
                at_s = time_at(at_char, passage, _words(connection, passage))
            if not passage.span.start_s < at_s < passage.span.end_s:
                raise ArchiveError(
                    f"second {at_s} is not within passage '{passage_id}': both parts need time"
                )
            if translation_at is None:
                translation_at = natural_cut(translation, at_char / len(passage.text))
            detail = {
                "at_char": at_char,
                "at_s": at_s,
                "new_id": _free_id(connection, f"{passage.recording_id}-{round(at_s * 1000):08d}"),
                "translation": translation,
                "translation_at": min(max(translation_at, 0), len(translation)),
            }
            wanted = Wanted(entry, "split", passage.text, f"{first}\n{second}", detail)
            return journal.add(connection, [wanted], reviewer)[0]

    def merge(self, passage_id: str, next_id: str, *, reviewer: str, expected: str | None = None) -> Review:
        """Unite a passage with the one that follows it, of one speaker and language.

        `expected` is both texts with a line feed between. The passage keeps its id.
        """
        with self._archive.writing() as connection:
            entry, following = _entry(connection, passage_id), _entry(connection, next_id)
            first, second = entry.passage, following.passage
            if (second.recording_id, second.ordinal) != (first.recording_id, first.ordinal + 1):
                raise ArchiveError(
                    f"passage '{next_id}' does not follow '{passage_id}': only neighbours unite"
                )
            if (entry.speaker, first.language) != (following.speaker, second.language):
                raise ArchiveError(
                    f"passages '{passage_id}' ({entry.speaker}, {first.language}) and '{next_id}' "
                    f"({following.speaker}, {second.language}) differ: correct speaker and language first"
                )
            before = f"{first.text}\n{second.text}"
            after = checked_text(joined(first.text, second.text, first.language))
            _expect("text", expected, before, after)
            span = second.span
            held = {"id": next_id, "start_s": span.start_s, "end_s": span.end_s, "text": second.text}
            return journal.add(connection, [Wanted(entry, "merge", before, after, {"next": held})], reviewer)[
                0
            ]

    def set_state(
        self, passage_id: str, state: str, reviewer: str, *, expected: Mapping[str, str] | None = None
    ) -> Review:
        """Say that a passage is draft, reviewed or approved; `expected` are the fields that were looked at.

        Text and translation then stay as the person saw them, whatever machines say later.
        """
        if state not in STATES:
            raise ArchiveError(f"{state!r} is no state: a passage is {', '.join(STATES)}")
        with self._archive.writing() as connection:
            entry = _entry(connection, passage_id)
            for field, seen in (expected or {}).items():
                _expect(field, seen, present(entry, field), seen)
            signature = entry.translation_signature
            detail = {
                "language": entry.target_language,
                "translation": entry.translation,
                "quality": entry.quality,
                "signature": signature.digest if signature else None,
            }
            wanted = Wanted(entry, "state", entry.state, state, detail)
            return journal.add(connection, [wanted], reviewer)[0]

    def undo(self, review_id: int, reviewer: str) -> Review:
        """Take a change back; one that was taken back already may be taken back in turn.

        Raises ConflictError where a later change builds on it: take that back first.
        """
        with self._archive.writing() as connection:
            found = journal.read(connection, reviews.c.id == review_id)
            if not found:
                raise ArchiveError(f"there is no change {review_id} in the archive")
            return journal.take_back(connection, found[0], reviewer)

    # Looking

    def history(self, passage_id: str) -> tuple[Change, ...]:
        """What people changed of a passage, oldest first."""
        with self._archive.reading() as connection:
            here = select(review_places.c.review_id).where(review_places.c.passage_id == passage_id)
            mine = or_(reviews.c.passage_id == passage_id, reviews.c.id.in_(here))
            found = journal.read(connection, mine)
            gone: set[int] = set()
            elsewhere: set[int] = set()
            for recording_id in {review.recording_id for review in found}:
                gone |= undone(journal.read(connection, reviews.c.recording_id == recording_id))
                places = journal.places_of(connection, recording_id)
                elsewhere |= {one for one, held in places.items() if any(held) and passage_id not in held}
        return tuple(Change(each, each.id in gone) for each in found if each.id not in elsewhere)

    def queue(
        self, selection: Selection | None = None, *, limit: int | None = None, offset: int = 0
    ) -> list[Entry]:
        """Passages that a person should look at, the most doubtful first; drafts, where no state is asked."""
        asked = selection or Selection()
        if asked.states is None:
            asked = replace(asked, states=frozenset({"draft"}))
        with self._archive.reading() as connection:
            ids = entries.ids_by_doubt(connection, asked, limit, offset)
            return list(entries.entries_by_id(connection, ids, asked).values())

    def unanchored(self) -> tuple[Review, ...]:
        """Changes that hold and have no place: their passages were made anew, and are others now."""
        nowhere = select(review_places.c.review_id).where(review_places.c.passage_id == "")
        with self._archive.reading() as connection:
            return journal.read(connection, reviews.c.id.in_(nowhere))


def _entry(connection: Connection, passage_id: str) -> Entry:
    found = entries.entries_by_id(connection, [passage_id], _ANYTHING).get(passage_id)
    if found is None:
        raise ArchiveError(
            f"the archive has no passage '{passage_id}'; 'symposia search --format json' shows ids"
        )
    return found


def _expect(field: str, expected: str | None, now: str, offered: str) -> None:
    if expected is not None and expected != now:
        raise ConflictError(
            f"another person has changed the {field} meanwhile: it is now {now!r}, and not {expected!r}",
            expected=expected,
            present=now,
            offered=offered,
        )


def _free_id(connection: Connection, wanted: str) -> str:
    """The id, or one like it where a passage has it."""
    number, found = 2, wanted
    while connection.execute(select(readings.c.id).where(readings.c.id == found)).first():
        found, number = f"{wanted}-{number}", number + 1
    return found


def _decided(connection: Connection, passage_id: str, field: str) -> str | None:
    """What people decided of a theme, '' for nothing yet; None for a field that is no theme."""
    if not field.startswith("theme:"):
        return None
    theme = reading_themes.c
    mine = theme.passage_id == passage_id, theme.theme_id == field.removeprefix("theme:"), theme.decided
    belongs = connection.execute(select(theme.belongs).where(*mine)).scalar()
    return "" if belongs is None else str(bool(belongs))


def _words(connection: Connection, passage: Passage) -> list[tuple[str, float]]:
    """The words heard in the segments of a passage, with their starts in seconds."""
    mine = segments.c.recording_id == passage.recording_id, segments.c.id.in_(passage.segment_ids)
    found = connection.execute(select(segments.c.words).where(*mine).order_by(segments.c.position)).scalars()
    return [(text, start_s) for words in found for text, start_s, _, _ in words]
