"""The messages of the interface, collected from code and templates; and the catalogues brought up to date.

    python -m transcripts.web.messages      # after texts have changed; then translate what is new

What is in the catalogues and no longer in the code is dropped; what is new has no translation
until a person writes it, and a test says so.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from transcripts.query import NOTICES
from transcripts.web.wording import INTERFACES, LOCALES

_HERE = Path(__file__).parent
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
_OPTIONS = {"**/templates/**.html": {"trimmed": "true", "newstyle_gettext": "true"}}


def collected() -> Catalog:
    """Every message that a page can show, of the reading room or of a published site."""
    template = Catalog(project="symposia", charset="utf-8")
    for place, before in ((_HERE, ""), (_HERE.parent / "site", "../site/")):
        found = extract_from_dir(
            place, _METHODS, _OPTIONS, keywords={"_": None, "N_": None, "ngettext": (1, 2)}
        )
        for path, _line, message, comments, _context in found:
            where = before + path.replace("\\", "/")
            template.add(message, locations=[(where, 0)], auto_comments=comments)
    for notice in NOTICES.values():
        template.add(notice, locations=[("../query.py", 0)])
    return template


def catalogue_path(code: str) -> Path:
    return LOCALES / code / "LC_MESSAGES" / "messages.po"


def catalogue(code: str) -> Catalog:
    """The catalogue of a language, as it lies on disk; empty where there is none."""
    path = catalogue_path(code)
    if not path.is_file():
        return Catalog(locale=code, project="symposia", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=code)


def update() -> None:
    """Bring every catalogue up to date with the code."""
    template = collected()
    for code in INTERFACES:
        if code == "en":
            continue
        mine = catalogue(code)
        mine.update(template, no_fuzzy_matching=True)
        mine.obsolete.clear()
        mine.fuzzy = False
        mine.header_comment = f"# The interface of symposia in one language: {code}."
        mine.last_translator = mine.language_team = mine.msgid_bugs_address = ""
        path = catalogue_path(code)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, mine, width=0, sort_output=True, omit_header=False, include_lineno=False)
        missing = sum(1 for message in mine if message.id and not message.string)
        sys.stdout.write(f"{code}: {len(mine)} messages, {missing} without a translation\n")


if __name__ == "__main__":
    update()
