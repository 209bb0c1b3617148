"""What an editor's form changes: each field on its own, so that one conflict holds up no other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from transcripts.errors import ArchiveError, ConflictError
from transcripts.holdings import Entry
from transcripts.review import ReviewDesk
from transcripts.values import present
from transcripts.web.differences import Change, changes
from transcripts.web.wording import N_

LABELS = {
    "text": N_("As spoken"),
    "translation": N_("Translation"),
    "language": N_("Language"),
    "speaker": N_("Speaker"),
    "start_s": N_("From (s)"),
    "end_s": N_("To (s)"),
    "state": N_("State"),
    "split": N_("Split"),
    "merge": N_("Joined"),
    "undo": N_("Undone"),
    "theme": N_("Theme"),
}
_TAKE_BACK = N_("What a person said of a theme is taken back in the history below.")
_PLAIN = ("language", "speaker", "text", "translation")


def label_of(name: str) -> str:
    """What a field is called on a page (in English, to be translated there)."""
    return LABELS.get(name.partition(":")[0], name)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that somebody else changed first: what stands there, and the way to what was offered.

    Without an offer, the passage was to be vouched for, and `changes` are those that were not seen.
    """

    field: str
    label: str
    theirs: str
    changes: list[Change]
    offered: bool = True


@dataclass(slots=True)
class Saved:
    """What came of a form."""

    done: list[str] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    @property
    def all_well(self) -> bool:
        return not self.conflicts and not self.troubles


def save(
    desk: ReviewDesk, passage_id: str, form: Mapping[str, str], theme_ids: list[str], reviewer: str
) -> Saved:
    """Put down every field that differs from what the form was given (`was_...`)."""
    saved = Saved()
    for name in (*_PLAIN, *_times_in_order(form), *(f"theme:{theme}" for theme in theme_ids)):
        value, was = form.get(name), form.get(f"was_{name}")
        if value is None or was is None or value.strip() == was.strip():
            continue
        if name.startswith("theme:") and not value:
            saved.troubles.append(_TAKE_BACK)
            continue
        try:
            desk.correct(passage_id, name, value, reviewer=reviewer, expected=was)
            saved.done.append(name)
        except ConflictError as conflict:
            difference = changes(conflict.present, value)
            saved.conflicts.append(Conflict(name, label_of(name), conflict.present, difference))
        except ArchiveError as error:
            saved.troubles.append(str(error))
    return saved


def looked_at(form: Mapping[str, str], saved: Saved, before: Entry) -> dict[str, str]:
    """The fields as the editor has them before their eyes: what they saved, else what the form was given.

    `before` is the passage before they saved: a machine's translation may go with its language.
    """
    seen = {name: form[name].strip() if name in saved.done else form[f"was_{name}"] for name in _PLAIN}
    if "language" in saved.done and seen["translation"] == present(before, "translation"):
        del seen["translation"]
    return seen


def unseen(seen: Mapping[str, str], entry: Entry) -> list[Conflict]:
    """What a passage holds now in place of what was looked at."""
    now = {name: present(entry, name) for name in seen}
    return [
        Conflict(name, label_of(name), now[name], changes(was, now[name]), offered=False)
        for name, was in seen.items()
        if was != now[name]
    ]


def unsaved(form: Mapping[str, str], saved: Saved) -> dict[str, str]:
    """What the editor wrote and that is not kept yet; fields that they left as they were are not theirs."""
    return {
        name: value
        for name, value in form.items()
        if name not in saved.done and f"was_{name}" in form and value.strip() != form[f"was_{name}"].strip()
    }


def fields_of(entry: Entry) -> dict[str, str]:
    """What the plain fields of a passage hold now, as forms show it and `correct` expects it."""
    return {name: present(entry, name) for name in (*_PLAIN, "start_s", "end_s")}


def _times_in_order(form: Mapping[str, str]) -> tuple[str, str]:
    """The time to set first: where a passage moves on, its end, so that it never ends before it starts."""
    try:
        later = float(form.get("end_s", "")) > float(form.get("was_end_s", ""))
    except ValueError:
        later = False
    return ("end_s", "start_s") if later else ("start_s", "end_s")


__all__ = ["LABELS", "Conflict", "Saved", "fields_of", "label_of", "looked_at", "save", "unsaved", "unseen"]
