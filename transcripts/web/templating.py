"""How templates become pages, wherever they are shown: the reading room, a published site, a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from transcripts.strips import language_class
from transcripts.web import doubtful
from transcripts.web.wording import Wording, clock, direction_of

TEMPLATES = Path(__file__).parent / "templates"


def environment_of(folders: Sequence[Path], words: Wording) -> Environment:
    """Templates of these folders, the first that has one, in an interface language.

    Everything is escaped; an unknown name is an error.
    """
    made = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.install_gettext_callables(words.text, words.plural, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(
        words=words,
        clock=clock,
        direction_of=direction_of,
        language_class=language_class,
        reasons_of=lambda entry: doubtful.reasons_of(entry, words),
        QUALITY_WORDS=doubtful.QUALITY_WORDS,
        STATE_WORDS=doubtful.STATE_WORDS,
    )
    return made


__all__ = ["TEMPLATES", "environment_of"]
