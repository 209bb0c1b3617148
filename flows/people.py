"""`symposia users`, `rights` and `review`: what people do with an archive, at the command line."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from getpass import getpass
from typing import Any

from rich.console import Console
from rich.table import Table

from transcripts import rights
from transcripts.accounts import Accounts
from transcripts.archive import Archive, Selection
from transcripts.errors import ArchiveError
from transcripts.place import Place
from transcripts.review import Change, ReviewDesk


def add_user(place: Place, name: str, role: str) -> None:
    """Let a person log in. Raises ArchiveError for a name, role or password that cannot be."""
    with Archive.open(place) as archive:
        user = Accounts(archive).add_user(name, role, _password())
    _console().print(f"{user.name} may log in as {user.role}.", markup=False)


def _password() -> str:
    """Asked for twice on a terminal; elsewhere the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().removesuffix("\n").removesuffix("\r")
    password = getpass("password: ")
    if password != getpass("again: "):
        raise ArchiveError("the two passwords differ: nothing was changed")
    return password


def list_users(place: Place) -> None:
    """Everybody who may log in."""
    with Archive.open(place) as archive:
        _table(("name", "role"), [(user.name, user.role) for user in Accounts(archive).users()])


def remove_user(place: Place, name: str) -> None:
    """Let a person in no more. Raises ArchiveError for nobody."""
    with Archive.open(place) as archive:
        Accounts(archive).remove_user(name)


def restrict(place: Place, kind: str, target: str, reason: str, until: str | None, by: str) -> None:
    """Withhold something from all but editors. Raises ArchiveError for what cannot be."""
    with Archive.open(place) as archive:
        rights.restrict(archive, kind, target, reason=reason, until=until, by=by)


def lift(place: Place, kind: str, target: str, by: str) -> None:
    """Show something again. Raises ArchiveError when it is not withheld."""
    with Archive.open(place) as archive:
        rights.lift(archive, kind, target, by=by)


def list_restrictions(place: Place, everything: bool) -> None:
    """What is withheld, or ever was."""
    with Archive.open(place) as archive:
        found = rights.restrictions(archive, everything=everything)
    names = ("kind", "target", "until", "reason", "by", "at", "lifted_by", "lifted_at")
    shown = names if everything else names[:-2]
    rows = [[str(getattr(each, name)) or "-" for name in shown] for each in found]
    _table(("kind", "id", "until", "reason", "by", "at", "lifted by", "at")[: len(shown)], rows)
    for each in found:
        if each.lost and not each.lifted_at:
            _console().print(
                f"The recording of passage {each.target} is another file now, and the passage was not found "
                "in it: all of the recording is withheld. Restrict its passages there, then lift this.",
                markup=False,
            )


def review_queue(place: Place, panel: str | None, state: str | None, limit: int) -> None:
    """Passages to look at, the most doubtful first, and changes that have lost their place."""
    selection = Selection(
        panels=frozenset({panel}) if panel else None,
        states=frozenset({state}) if state else None,
        restricted=True,
    )
    with Archive.open(place) as archive:
        desk = ReviewDesk(archive)
        found, lost = desk.queue(selection, limit=limit), desk.unanchored()
    rows = [
        (each.passage.id, each.state, each.speaker, each.passage.language, _short(each.passage.text))
        for each in found
    ]
    _table(("passage", "state", "speaker", "language", "text"), rows)
    for review in lost:
        _console().print(
            f"change {review.id} of {review.reviewer} has no place any more ({review.field} of "
            f"{review.passage_id}): {review.after!r}",
            markup=False,
        )


def show_review(place: Place, passage_id: str) -> None:
    """A passage and its history, as JSON. Raises ArchiveError for one that is not there."""
    with Archive.open(place) as archive:
        found = archive.entries_by_id([passage_id], Selection(restricted=True)).get(passage_id)
        history = ReviewDesk(archive).history(passage_id)
    if found is None:
        raise ArchiveError(f"the archive has no passage '{passage_id}'; 'symposia review list' shows ids")
    passage = found.passage
    shown: dict[str, Any] = {
        "passage_id": passage.id,
        "state": found.state,
        "reviewer": found.reviewer,
        "restricted": found.restricted,
        "start_s": passage.span.start_s,
        "end_s": passage.span.end_s,
        "speaker": passage.speaker_id or "",
        "language": passage.language,
        "text": passage.text,
        "translation": found.translation,
        "themes": [theme for theme, _ in found.themes],
        "flags": [*passage.flags, *found.translation_flags],
        "history": [_change(each) for each in history],
    }
    sys.stdout.write(json.dumps(shown, ensure_ascii=False, indent=1) + "\n")


def _change(change: Change) -> dict[str, Any]:
    names = ("id", "field", "before", "after", "reviewer", "at", "state")
    return {**{name: asdict(change.review)[name] for name in names}, "undone": change.undone}


def correct(
    place: Place, passage_id: str, field: str, value: str, reviewer: str, expected: str | None
) -> None:
    """Put down what a field should be. Raises ArchiveError, and ConflictError where it is another now."""
    with Archive.open(place) as archive:
        review = ReviewDesk(archive).correct(passage_id, field, value, reviewer=reviewer, expected=expected)
    _console().print(f"change {review.id}." if review else "it is so already.", markup=False)


def name_voice(place: Place, recording_id: str, label: str, speaker: str, reviewer: str) -> None:
    """Say whose voice a label is. Raises ArchiveError for a label or a speaker that is not there."""
    with Archive.open(place) as archive:
        found = ReviewDesk(archive).name_voice(recording_id, label, speaker, reviewer=reviewer)
    _console().print(f"{len(found)} passages corrected.", markup=False)


def set_state(place: Place, passage_id: str, state: str, reviewer: str) -> None:
    """Say that a passage is draft, reviewed or approved. Raises ArchiveError for what cannot be."""
    with Archive.open(place) as archive:
        review = ReviewDesk(archive).set_state(passage_id, state, reviewer)
    _console().print(f"change {review.id}.", markup=False)


def undo(place: Place, change: int, reviewer: str) -> None:
    """Take a change back. Raises ConflictError where a later one builds on it."""
    with Archive.open(place) as archive:
        review = ReviewDesk(archive).undo(change, reviewer)
    _console().print(f"change {review.id} takes back change {change}.", markup=False)


def _short(text: str, letters: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= letters else line[: letters - 1] + "…"


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)


def _table(headings: tuple[str, ...], rows: Any) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(_plain, row))
    _console().print(table)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
