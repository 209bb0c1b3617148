"""The commands about people's work: users, rights and review. Added to the command line by `cli`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from flows.cli_options import ArchivePlace

users = typer.Typer(help="Users: who may log in to the web app, and as what.")
rights = typer.Typer(help="Rights: withhold panels, speakers or passages from all but editors.")
review = typer.Typer(help="Review: correct, approve and take back, with a history.")

Name = Annotated[str, typer.Argument(help="Name of the user.", metavar="NAME")]
Target = Annotated[str, typer.Argument(help="Its id.", metavar="ID")]
By = Annotated[str, typer.Option(help="Who says so.", metavar="NAME")]
PassageId = Annotated[str, typer.Argument(help="Id of the passage.", metavar="PASSAGE")]
Reviewer = Annotated[str, typer.Option(help="Who says so.", metavar="NAME")]


class Role(StrEnum):
    """What a user may do."""

    reader = "reader"
    editor = "editor"
    administrator = "administrator"


class Kind(StrEnum):
    """What can be withheld."""

    panel = "panel"
    speaker = "speaker"
    passage = "passage"


class State(StrEnum):
    """How far the review of a passage is."""

    draft = "draft"
    reviewed = "reviewed"
    approved = "approved"


@users.command("add")
def add_user(
    name: Name,
    archive: ArchivePlace,
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.reader,
) -> None:
    """Let a person log in; one who could already gets a new role and password.

    The password is asked for on the terminal, or is the first line of standard input.
    """
    from flows import people

    people.add_user(archive, name, role.value)


@users.command("list")
def list_users(archive: ArchivePlace) -> None:
    """Show who may log in."""
    from flows import people

    people.list_users(archive)


@users.command("remove")
def remove_user(name: Name, archive: ArchivePlace) -> None:
    """Let a person in no more, at once; what they reviewed stays."""
    from flows import people

    people.remove_user(archive, name)


@rights.command("restrict")
def restrict(
    kind: Kind,
    target: Target,
    archive: ArchivePlace,
    reason: Annotated[str, typer.Option(help="Why.", metavar="TEXT")],
    by: By,
    until: Annotated[
        str | None, typer.Option(help="The day on which it ends; left out: never.", metavar="YYYY-MM-DD")
    ] = None,
) -> None:
    """Withhold a panel, a speaker or a passage: gone at once for all but editors, and kept."""
    from flows import people

    people.restrict(archive, kind.value, target, reason, until, by)


@rights.command("lift")
def lift(kind: Kind, target: Target, archive: ArchivePlace, by: By) -> None:
    """Show again what was withheld."""
    from flows import people

    people.lift(archive, kind.value, target, by)


@rights.command("list")
def list_restrictions(
    archive: ArchivePlace,
    everything: Annotated[bool, typer.Option("--all", help="What was lifted or is over, too.")] = False,
) -> None:
    """Show what is withheld, why, and until when."""
    from flows import people

    people.list_restrictions(archive, everything)


@review.command("list")
def list_review(
    archive: ArchivePlace,
    panel: Annotated[str | None, typer.Option(help="Only this panel (id).")] = None,
    state: Annotated[State | None, typer.Option(help="Only this state; left out: draft.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most passages to show.")] = 20,
) -> None:
    """Show what to look at, the most doubtful first, and changes that have lost their passage."""
    from flows import people

    people.review_queue(archive, panel, state.value if state else None, limit)


@review.command("show")
def show_review(passage: PassageId, archive: ArchivePlace) -> None:
    """Show a passage and its history, as JSON."""
    from flows import people

    people.show_review(archive, passage)


@review.command("correct")
def correct(
    passage: PassageId,
    field: Annotated[
        str,
        typer.Argument(
            help="text, translation, language, speaker, start_s, end_s or theme:ID.", metavar="FIELD"
        ),
    ],
    value: Annotated[str, typer.Argument(help="What it should be.", metavar="VALUE")],
    archive: ArchivePlace,
    reviewer: Reviewer,
    expected: Annotated[
        str | None,
        typer.Option(help="What stands there now; refused where that has changed.", metavar="TEXT"),
    ] = None,
) -> None:
    """Put down what a field of a passage should be; no later run changes that."""
    from flows import people

    people.correct(archive, passage, field, value, reviewer, expected)


@review.command("voice")
def name_voice(
    recording: Annotated[str, typer.Argument(help="Id of the recording.", metavar="RECORDING")],
    label: Annotated[str, typer.Argument(help="The voice's label, as S2.", metavar="LABEL")],
    speaker: Annotated[str, typer.Argument(help="The speaker's id; '' for nobody's.", metavar="SPEAKER")],
    archive: ArchivePlace,
    reviewer: Reviewer,
) -> None:
    """Say whose voice a label of a recording is, in all its passages."""
    from flows import people

    people.name_voice(archive, recording, label, speaker, reviewer)


@review.command("state")
def state(passage: PassageId, state: State, archive: ArchivePlace, reviewer: Reviewer) -> None:
    """Say that a passage is draft, reviewed or approved."""
    from flows import people

    people.set_state(archive, passage, state.value, reviewer)


@review.command("undo")
def undo(
    change: Annotated[int, typer.Argument(help="Number of the change.", metavar="CHANGE")],
    archive: ArchivePlace,
    reviewer: Reviewer,
) -> None:
    """Take a change back; taking that back in turn makes it again."""
    from flows import people

    people.undo(archive, change, reviewer)
