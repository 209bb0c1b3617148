"""The names in a query's filters, as the ids that they stand for."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import regex
from babel import Locale, UnknownLocaleError

from transcripts.folding import fold
from transcripts.holdings import Conference, Selection
from transcripts.query import Notice, SearchQuery
from transcripts.web.wording import INTERFACES

Id = TypeVar("Id")

_MOST_NAMES = 12  # in a notice
# Written in a name or left out, as people like: blanks, hyphens, points between foreign words, non-joiners.
_LOOSE = regex.compile(r"[\s\p{Cf}\p{Pd}・･·=＝'’]")


@dataclass(frozen=True, slots=True)
class Heard:
    """What is heard in the passages that may be shown: languages, labels of unnamed voices, themes."""

    languages: Collection[str] = ()
    labels: Collection[str] = ()
    themes: Collection[str] = ()  # people's decisions outlive the themes of a file


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a query selects, and what to tell of its names."""

    selection: Selection
    notices: tuple[Notice, ...]


def resolve(
    query: SearchQuery, conferences: Sequence[Conference], heard: Heard, *, restricted: bool
) -> Resolved:
    """The selection that a query's filters stand for.

    A name is an id, else the whole name, else one that differs in blanks, hyphens and the like, else
    all names that it is a part of. A filter that nothing fits selects nothing, and a notice says so.
    """
    themes = {theme: theme for theme in heard.themes}
    themes |= {theme.id: theme.name for each in conferences for theme in each.themes}
    panels = {panel.id: panel.title for each in conferences for panel in each.panels}
    speakers = {
        (each.id, speaker.id): (speaker.id, speaker.name) for each in conferences for speaker in each.speakers
    }
    glossary = _glossary(conferences)
    named_so = {who: (*glossary.get(who, (who,)), name) for who, name in speakers.values()}
    notices: list[Notice] = []

    def found(values: Sequence[str], known: Mapping[str, str]) -> frozenset[str] | None:
        return _found(values, {each: (each, name) for each, name in known.items()}, notices)

    named, labels = _voices(query.speakers, speakers, heard, notices)
    return Resolved(
        Selection(
            languages=_languages(query.languages, heard, notices),
            panels=found(query.panels, panels),
            themes=found(query.themes, themes),
            names=_found(query.names, glossary | named_so, notices, told=glossary),
            speakers=named,
            speaker_labels=labels,
            states=frozenset(query.states) or None,
            qualities=frozenset(query.qualities) or None,
            held_after=query.after,
            held_before=query.before,
            restricted=restricted,
        ),
        tuple(notices),
    )


def _languages(values: Sequence[str], heard: Heard, notices: list[Notice]) -> frozenset[str] | None:
    """The languages, by their codes, however written, or by their names."""
    if not values:
        return None
    found = {value: {code for code in heard.languages if _alike(value, _names_of(code))} for value in values}
    known = _listed(heard.languages)
    notices += [Notice("unknown-language", value, known) for value, codes in found.items() if not codes]
    return frozenset().union(*found.values())


@lru_cache(maxsize=1000)
def _names_of(code: str) -> tuple[str, ...]:
    """A language's code and its names, in itself and in the interface's, as Unicode's CLDR has them."""
    names = {code}
    for other in (code, *INTERFACES):
        with suppress(ValueError, UnknownLocaleError):
            names.add(Locale.parse(other, sep="-").languages.get(code.replace("-", "_"), code))
    return tuple(names)


def _voices(
    values: Sequence[str],
    speakers: Mapping[tuple[str, str], tuple[str, ...]],
    heard: Heard,
    notices: list[Notice],
) -> tuple[frozenset[tuple[str, str]] | None, frozenset[str]]:
    """Speakers, and labels of unnamed voices. A notice tells nobody's name: speakers may be withheld."""
    named, labels = set[tuple[str, str]](), set[str]()
    for value in values:
        fitting = _fitting(value, speakers)
        alike = set[str]() if fitting else _alike(value, heard.labels)
        if not fitting and not alike:
            notices.append(Notice("unknown-speaker", value))
        named |= fitting
        labels |= alike
    return (frozenset(named) if values else None), frozenset(labels)


def _alike(value: str, known: Iterable[str]) -> set[str]:
    sought = fold(value).strip()
    return {each for each in known if fold(each) == sought}


def _found(
    values: Sequence[str],
    known: Mapping[Id, tuple[str, ...]],
    notices: list[Notice],
    told: Mapping[Id, tuple[str, ...]] | None = None,
) -> frozenset[Id] | None:
    """The ids that values stand for; None where there are no values.

    A notice tells those of `told`: speakers may be withheld.
    """
    if not values:
        return None
    found: set[Id] = set()
    for value in values:
        fitting = _fitting(value, known)
        if not fitting:
            listed = _listed(names[0] for names in (known if told is None else told).values())
            notices.append(Notice("unknown-name", value, listed))
        found |= fitting
    return frozenset(found)


def _glossary(conferences: Sequence[Conference]) -> dict[str, tuple[str, ...]]:
    """Who and what the glossaries name, by id, with all written forms; terms are no names."""
    return {
        entry["id"]: (entry["id"], *itertools.chain.from_iterable(entry["forms"].values()))
        for each in conferences
        for entry in each.glossary
        if entry["kind"] != "term"
    }


def _fitting(value: str, known: Mapping[Id, tuple[str, ...]]) -> set[Id]:
    """The first of the names is an id, which stands for itself: facets give ids."""
    if itself := {each for each, (own, *_) in known.items() if own == value}:
        return itself
    sought = fold(value).strip()
    folded = {each: [fold(name) for name in names] for each, names in known.items()}
    if whole := {each for each, names in folded.items() if sought in names}:
        return whole
    sought = _LOOSE.sub("", sought)
    folded = {each: [_LOOSE.sub("", name) for name in names] for each, names in folded.items()}
    whole = {each for each, names in folded.items() if sought and sought in names}
    if whole or len(sought) < 2:
        return whole
    return {each for each, names in folded.items() if any(sought in name for name in names)}


def _listed(names: Iterable[str]) -> str:
    each = sorted(set(names))
    return ", ".join(each[:_MOST_NAMES]) + (", …" if len(each) > _MOST_NAMES else "") or "none"
