"""The query language: what a person types, as a query.

    words "an exact phrase" -without theme:ethics speaker:"Director (Japan)" after:2025-01-01

Words and values may be in any script. Nothing that is typed is an error: what cannot be
read as it was meant is searched as words, and a notice says so.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Literal, get_args

import regex

from transcripts.errors import SymposiaError
from transcripts.folding import fold

Mode = Literal["hybrid", "words", "meaning"]
Sort = Literal["relevance", "time"]

MOST_LETTERS = 2_000  # of a query: longer ones are pasted by mistake
STATES = ("draft", "reviewed", "approved")
QUALITIES = ("good", "check", "doubtful")

# What notices say, by kind, for translation too; {value} is what was typed, {known} what may be.
NOTICES: Mapping[str, str] = MappingProxyType(
    {
        "too-long": "only the first {value} characters are searched",
        "open-quote": "a quotation mark is not closed: what follows it is searched as words",
        "unknown-field": "'{value}' is not a filter: searched as words; filters are {known}",
        "empty-filter": "'{value}' says nothing after its colon: searched as words",
        "bad-date": "'{value}' is not a date such as 2025, 2025-03 or 2025-03-01: searched as words",
        "bad-value": "'{value}' is not one of {known}: searched as words",
        "no-excluded-filter": "'{value}': a filter cannot be excluded: left out",
        "unknown-name": "nothing in the archive is called '{value}'; there are {known}",
        "unknown-speaker": "nobody in the archive is called '{value}'",
        "unknown-language": "nothing in the archive is said in '{value}'; there are {known}",
        "no-meaning": "searched by words alone: the model that embedded this archive is not at hand",
    }
)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell the person who searches; `str()` gives it in English."""

    kind: str
    value: str = ""
    known: str = ""

    def __str__(self) -> str:
        return NOTICES[self.kind].format(value=self.value, known=self.known)


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is looked for. Without text and phrases, everything that the filters take, by time.

    `phrases` must stand in the source as they are written, but for case, width, accents and
    punctuation; `excluded` words, however inflected, and `excluded_phrases` must not stand in
    source or translation.
    `themes`, `speakers`, `panels` and `names` (who or what is mentioned) hold ids or names
    (`speakers` also a voice's label, as 'S2'), `languages` codes; of several values of a
    filter one has to fit. `after` and `before` are ISO dates, themselves included. Raises
    SymposiaError for a mode, an order, a limit or an offset that there is not.
    """

    text: str = ""
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    excluded_phrases: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    panels: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    qualities: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    after: str = ""
    before: str = ""
    mode: Mode = "hybrid"
    sort: Sort = "relevance"
    limit: int = 10
    offset: int = 0
    notices: tuple[Notice, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        for name in self.__slots__:
            object.__setattr__(self, name, _encodable(getattr(self, name)))
        if self.mode not in get_args(Mode):
            raise SymposiaError(f"'{self.mode}' is no way to search; take one of {', '.join(get_args(Mode))}")
        if self.sort not in get_args(Sort):
            raise SymposiaError(f"'{self.sort}' is no order of hits; take one of {', '.join(get_args(Sort))}")
        if self.limit < 1:
            raise SymposiaError(f"a search shows at least 1 passage, not {self.limit}")
        if self.offset < 0:
            raise SymposiaError(f"a search starts at hit 0 or later, not at {self.offset}")

    @property
    def sought(self) -> str:
        """Words and phrases together: what relevance is judged by."""
        return " ".join(part for part in (self.text, *self.phrases) if part.strip())


def _encodable(value: Any) -> Any:
    """Bytes of a terminal that are no UTF-8 become question marks."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, tuple):
        return tuple(map(_encodable, value))
    return value


# What opens a phrase, and what closes it. Languages and keyboards differ in which mark does what.
_QUOTES = {'"＂“”„': '"＂“”„', "«»": "«»", "「": "」", "『": "』"}
_QUOTED = "|".join(rf"[{opening}][^{closing}]*[{closing}]" for opening, closing in _QUOTES.items())
_OPENING = "".join(_QUOTES)
_ITEM = regex.compile(
    rf"(?P<minus>(?<!\S)[-－−](?=[^\s-]))?"
    rf"(?:(?P<field>(?<![^\s\-－−])\p{{L}}[\p{{L}}_-]*)[:：](?!//))?"
    rf"(?:(?P<quoted>{_QUOTED})|(?P<open>[{_OPENING}])|(?P<word>[^\s{_OPENING}]+))?"
)


def parse(text: str) -> SearchQuery:
    """A query from what was typed. Never raises: see `SearchQuery.notices`."""
    notices: list[Notice] = []
    text = _encodable(text)
    if len(text) > MOST_LETTERS:
        text = text[:MOST_LETTERS]
        notices.append(Notice("too-long", str(MOST_LETTERS)))
    texts = ("text", "phrases", "excluded", "excluded_phrases")
    found: dict[str, list[str]] = {name: [] for name in (*texts, *_FIELDS)}
    for item in _items(text):
        _put(item, found, notices)
    states = [state for value in (*found["reviewed"], *found["state"]) for state in value.split()]
    return SearchQuery(
        text=" ".join(found["text"]),
        after=max(found["after"], default=""),
        before=min(found["before"], default=""),
        states=_distinct(states),
        phrases=_distinct(found["phrases"]),
        excluded=_distinct(found["excluded"]),
        excluded_phrases=_distinct(found["excluded_phrases"]),
        notices=tuple(dict.fromkeys(notices)),
        themes=_distinct(found["theme"]),
        languages=_distinct(found["language"]),
        speakers=_distinct(found["speaker"]),
        panels=_distinct(found["panel"]),
        names=_distinct(found["name"]),
        qualities=_distinct(found["quality"]),
    )


def _items(text: str) -> Iterator[regex.Match[str]]:
    return (item for item in _ITEM.finditer(text) if item[0])


def _put(item: regex.Match[str], found: dict[str, list[str]], notices: list[Notice]) -> None:
    """Add one item of a query where it belongs."""
    quoted, name = item["quoted"], (item["field"] or "").casefold()
    value = quoted[1:-1].strip() if quoted is not None else (item["word"] or "")
    if item["open"]:
        notices.append(Notice("open-quote"))
    if name and (value or name in _FIELDS):
        kind, known = _kept(name, value, found, bool(item["minus"]))
        if kind:
            notices.append(Notice(kind, item[0].strip() if name in _FIELDS else name, known))
        if kind and kind != "no-excluded-filter":
            found["excluded" if item["minus"] else "text"].append(f"{item['field']} {value}".strip())
    elif item["minus"] and value:
        found["excluded" if quoted is None else "excluded_phrases"].append(value)
    elif value or name:
        found["text" if quoted is None else "phrases"].append(value or str(item["field"]))


def _kept(name: str, value: str, found: dict[str, list[str]], minus: bool) -> tuple[str, str]:
    """Keep a filter; else the kind of notice that tells why not, and what may be."""
    filter_ = _FIELDS.get(name)
    if filter_ is None:
        return "unknown-field", ", ".join(_FIELDS)
    if minus:
        return "no-excluded-filter", ""
    if not value:
        return "empty-filter", ""
    read = filter_.read(value)
    if read is None:
        return ("bad-value", ", ".join(filter_.known)) if filter_.known else ("bad-date", "")
    found[name].append(read)
    return "", ""


def _distinct(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


@dataclass(frozen=True, slots=True)
class _Field:
    """How the value of a filter is read, and what it may be."""

    read: Callable[[str], str | None] = str
    known: tuple[str, ...] = ()


def _one_of(known: Mapping[str, str]) -> Callable[[str], str | None]:
    return lambda value: known.get(fold(value))


def _first_day(value: str) -> str | None:
    return _day(value, last=False)


def _last_day(value: str) -> str | None:
    return _day(value, last=True)


def _day(value: str, last: bool) -> str | None:
    """The first or last day of a year, a month or a day, in digits of any script."""
    match = regex.fullmatch(r"(\d{4})(?:[-/.](\d{1,2}))?(?:[-/.](\d{1,2}))?", fold(value))
    if not match:
        return None
    year, month, day = (int(part or 0) for part in match.groups())
    try:
        month = month or (12 if last else 1)
        return date(year, month, day or (calendar.monthrange(year, month)[1] if last else 1)).isoformat()
    except ValueError:
        return None


_REVIEWED = {"yes": "reviewed approved", "no": "draft"}
_FIELDS: dict[str, _Field] = {
    "theme": _Field(),
    "language": _Field(),
    "speaker": _Field(),
    "panel": _Field(),
    "name": _Field(),
    "after": _Field(_first_day),
    "before": _Field(_last_day),
    "quality": _Field(_one_of({word: word for word in QUALITIES}), QUALITIES),
    "reviewed": _Field(_one_of(_REVIEWED), tuple(_REVIEWED)),
    "state": _Field(_one_of({state: state for state in STATES}), STATES),
}
