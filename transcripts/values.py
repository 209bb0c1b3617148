"""What a person may write into a field of a passage, and what stands there now."""

from __future__ import annotations

import re

from sqlalchemy import Connection, select

from transcripts.errors import ArchiveError
from transcripts.holdings import Entry
from transcripts.schema import conferences, recordings, speakers

MOST_LETTERS = 20_000  # of a text: some twenty minutes of speech
_CODE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_TIMES = ("start_s", "end_s")
FIELDS = ("text", "translation", "language", "speaker", *_TIMES, "theme:ID")


def present(entry: Entry, field: str) -> str:
    """What a field of a passage holds, as `correct` expects it. Raises ArchiveError for no field."""
    passage, span = entry.passage, entry.passage.span
    if field.startswith("theme:"):
        return str(field.removeprefix("theme:") in dict(entry.themes))
    held = {
        "text": passage.text,
        "translation": entry.translation or "",
        "language": passage.language,
        "speaker": passage.speaker_id or "",
        "start_s": seconds(span.start_s),
        "end_s": seconds(span.end_s),
    }
    if field not in held:
        raise ArchiveError(f"a passage has no field {field!r}: it has {', '.join(FIELDS)}")
    return held[field]


def seconds(time_s: float) -> str:
    """A time as it is compared and shown: to the millisecond."""
    return f"{time_s:.3f}"


def checked(connection: Connection, entry: Entry, field: str, value: str) -> str:
    """The value as it is kept. Raises ArchiveError, in words, for one that cannot be."""
    if field in ("text", "translation"):
        return checked_text(value)
    if field in _TIMES:
        return _checked_time(connection, entry, field, value)
    if field == "language":
        if not _CODE.fullmatch(value):
            raise ArchiveError(f"{value!r} is no language code: write one such as ja, fa, es, ko or en")
    elif field == "speaker":
        _check_speaker(connection, entry, value)
    else:
        return _checked_decision(connection, entry, field.removeprefix("theme:"), value)
    return value


def checked_text(value: str) -> str:
    """A text without outer blanks. Raises ArchiveError where nothing is left, or too much."""
    text = value.strip()
    if not text:
        raise ArchiveError("a text cannot be empty: to take a passage from view, restrict it")
    if len(text) > MOST_LETTERS:
        raise ArchiveError(f"a text of {len(text)} letters is too long: at most {MOST_LETTERS} are kept")
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ArchiveError("the text holds characters that are no text (NUL, or half of a pair): remove them")
    return text


def _checked_time(connection: Connection, entry: Entry, field: str, value: str) -> str:
    span = entry.passage.span
    held = select(recordings.c.duration_s).where(recordings.c.id == entry.passage.recording_id)
    duration_s = connection.execute(held).scalar_one()
    try:
        time_s = float(value)
    except ValueError:
        raise ArchiveError(f"{value!r} is no time: write seconds, such as 12.5") from None
    start_s, end_s = (time_s, span.end_s) if field == "start_s" else (span.start_s, time_s)
    if not 0 <= start_s < end_s <= max(duration_s, span.end_s):
        raise ArchiveError(
            f"a passage from {seconds(start_s)} s to {seconds(end_s)} s cannot be: it has to end after it "
            f"starts, within the {seconds(duration_s)} s of the recording"
        )
    return seconds(time_s)


def _check_speaker(connection: Connection, entry: Entry, value: str) -> None:
    mine = select(speakers.c.id).where(speakers.c.conference_id == entry.conference_id)
    known = list(connection.execute(mine.order_by(speakers.c.position)).scalars())
    if value and value not in known:
        raise ArchiveError(
            f"the conference has no speaker {value!r}: take one of {', '.join(known)}, nothing for a voice "
            "without a name, or add the speaker to the conference file"
        )


def _checked_decision(connection: Connection, entry: Entry, theme: str, value: str) -> str:
    mine = select(conferences.c.themes).where(conferences.c.id == entry.conference_id)
    known = [theme_id for theme_id, _ in connection.execute(mine).scalar_one()]
    if theme not in known:
        raise ArchiveError(f"the conference has no theme {theme!r}: take one of {', '.join(known)}")
    if value not in ("True", "False"):
        raise ArchiveError(f"whether a passage belongs to a theme is 'True' or 'False', not {value!r}")
    return value
