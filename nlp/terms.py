"""Names and terms of a conference in translations: wanted where the source has them, put in, mended.

What is wanted is known from the source (`nlp.names`). A form of the glossary that is missing
from a translation is put into the source instead of what stands there, which models copy; and
words of a translation that sound like it are mended (`nlp.glossary`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from nlp.glossary import Glossary, GlossaryOptions
from nlp.languages import language
from nlp.names import KnownName, NameMarker, folded
from nlp.units import density

TERM = "term"  # the kind of an entry that is a word like any other, and may be inflected
SHORT_LETTERS = 4  # of an alphabet: a shorter term stands within other words by chance
NEAR = GlossaryOptions()
SAME_SOUND = replace(NEAR, alike_above=NEAR.identical_above, short_alike_above=NEAR.identical_above)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Characters of a source, and the forms of which the translation should have one; the first is best."""

    start: int
    end: int
    entry: KnownName
    forms: tuple[str, ...]


@dataclass(frozen=True)
class Terms:
    """The entries of a glossary, by written form in each language code."""

    entries: tuple[KnownName, ...] = ()

    @classmethod
    def of(cls, kinds_and_forms: Mapping[str, tuple[str, Mapping[str, Sequence[str]]]]) -> Terms:
        """Terms by id: the kind, and the forms for each language code."""
        return cls(tuple(KnownName(each, *held) for each, held in kinds_and_forms.items()))

    @cached_property
    def _marker(self) -> NameMarker:
        return NameMarker(self.entries)

    def wanted(self, text: str, source: str, target: str) -> list[Wanted]:
        """What of the glossary a text has, in order, with its forms in the target language."""
        if not self.entries:
            return []
        by_id = {each.id: each for each in self.entries}
        found = []
        for mention in self._marker.mark(text, source):
            entry = by_id[mention.target_id]
            if forms := tuple(entry.forms.get(target, ())):
                found.append(Wanted(mention.start, mention.end, entry, forms))
        return found

    def missing(self, translation: str, wanted: Sequence[Wanted], target: str) -> list[Wanted]:
        """What was wanted and is not there; a term may be part of a word, as in a plural."""
        if not wanted:
            return []
        there = {mention.target_id for mention in self._marker.mark(translation, target)}
        return [
            each
            for each in wanted
            if each.entry.id not in there
            and not (
                each.entry.kind == TERM and any(_is_part(form, translation, target) for form in each.forms)
            )
        ]

    def mended(self, translation: str, wanted: Sequence[Wanted], target: str) -> str:
        """The translation with words that sound like a missing form written as it is.

        A term is a word among others: only what sounds the same is taken for it. Where another wanted
        form stands, it stays, however alike: it names somebody else.
        """
        if not (missing := self.missing(translation, wanted, target)):
            return translation
        names = [each for each in missing if each.entry.kind != TERM]
        terms = [each for each in missing if each.entry.kind == TERM]
        for sought, options in ((names, NEAR), (terms, SAME_SOUND)):
            near = Glossary.of({each.entry.id: {target: each.forms} for each in sought}, options)
            found = near.near_misses(translation, target) if sought else []
            right = self._said(translation, wanted, target) if found else []
            for each in reversed(found):
                if not any(each.start < end and start < each.end for start, end in right):
                    translation = f"{translation[: each.start]}{each.form}{translation[each.end :]}"
        return translation

    def _said(self, text: str, wanted: Sequence[Wanted], target: str) -> list[tuple[int, int]]:
        """Where a text has what is wanted."""
        ids = {each.entry.id for each in wanted}
        return [(each.start, each.end) for each in self._marker.mark(text, target) if each.target_id in ids]


def put_in(text: str, wanted: Sequence[Wanted], target: str) -> str:
    """The source with the forms of the target language where its own stood, set off by blanks."""
    for each in reversed(wanted):
        form = each.forms[0] if not language(target).spaced else f" {each.forms[0]} "
        text = f"{text[: each.start].rstrip()}{form}{text[each.end :].lstrip()}"
    return text.strip()


def _is_part(form: str, text: str, target: str) -> bool:
    """Whether a text has a term as a word or as part of one, as in a plural.

    A short one has to begin the word, in capitals if it is all capitals: 'AI' is no part of 'again'.
    """
    if not language(target).spaced or len(form) * density(target) > SHORT_LETTERS:
        return _folded(form) in _folded(text)
    case = 0 if form.isupper() else re.IGNORECASE
    return re.search(rf"(?<!\w){re.escape(form)}", text, case) is not None


def _folded(text: str) -> str:
    return "".join(map(folded, text))
