"""The interface in five languages: catalogues, names of languages, numbers, dates, direction.

Catalogues are the gettext files in `locales/`; they are read as they are (a few hundred
messages take some milliseconds), so that nothing has to be compiled and no compiled file
can be out of date. English is what stands in the code.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LOCALES = Path(__file__).parent / "locales"
_DIGITS = {"fa": str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")}  # Babel knows separators, but writes our digits
# Interface languages, each by its own name.
INTERFACES = {"en": "English", "ja": "日本語", "fa": "فارسی", "es": "Español", "ko": "한국어"}


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for it, which extractors know
    """Mark a message for translation where it is written; it is translated where it is shown."""
    return message


@dataclass(frozen=True, slots=True)
class Wording:
    """How the interface speaks in one language."""

    code: str
    locale: Locale
    catalogue: gettext.NullTranslations = field(repr=False)

    @property
    def direction(self) -> str:
        return str(self.locale.text_direction)

    def text(self, message: str) -> str:
        return self.catalogue.gettext(message) if message else ""

    def plural(self, one: str, many: str, number: int) -> str:
        return self.catalogue.ngettext(one, many, number)

    def number(self, value: float) -> str:
        """A number with the language's own digits and separators."""
        written = format_decimal(value, locale=self.locale, numbering_system="default")
        return written.translate(_DIGITS.get(self.code, {}))

    def date(self, iso: str) -> str:
        """A date as the language writes it; what is no ISO date is left as it stands."""
        try:
            day = date.fromisoformat(iso[:10])
        except ValueError:
            return iso
        return format_date(day, "long", locale=self.locale).translate(_DIGITS.get(self.code, {}))

    def language(self, code: str) -> str:
        """The name of a language; its code where it has none."""
        return str(self.locale.languages.get(code) or code)


@cache
def wording(code: str) -> Wording:
    """The interface in a language of `INTERFACES`."""
    catalogue: gettext.NullTranslations = gettext.NullTranslations()
    path = LOCALES / code / "LC_MESSAGES" / "messages.po"
    if path.is_file():
        compiled = io.BytesIO()
        with path.open("rb") as file:
            write_mo(compiled, read_po(file, locale=code))
        compiled.seek(0)
        catalogue = gettext.GNUTranslations(compiled)
    return Wording(code, Locale.parse(code), catalogue)


def chosen(asked: Iterable[str], accepted: str) -> Wording:
    """The first language asked for that we have, else the one that the browser likes best, else English."""
    for code in asked:
        if code in INTERFACES:
            return wording(code)
    for code in _by_preference(accepted):
        if (short := code.partition("-")[0].casefold()) in INTERFACES:
            return wording(short)
    return wording("en")


def _by_preference(accepted: str) -> list[str]:
    """The codes of an Accept-Language header, best first."""
    weighed: list[tuple[float, str]] = []
    for part in accepted[:500].split(","):
        code, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), code))
        except ValueError:
            continue
    return [code for _, code in sorted(weighed, key=lambda each: each[0])]


@cache
def direction_of(code: str) -> str:
    """'rtl' or 'ltr' for text of a language; 'auto' where the language is unknown."""
    try:
        return str(Locale.parse(code).text_direction)
    except (UnknownLocaleError, ValueError):
        return "auto"


def clock(seconds: float) -> str:
    """A time in a recording: 0:41, 12:05, 1:02:03."""
    minutes, second = divmod(int(max(0.0, seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


__all__ = ["INTERFACES", "LOCALES", "N_", "Wording", "chosen", "clock", "direction_of", "wording"]
