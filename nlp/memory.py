"""Translation memory: what people have translated or approved, for what is said again.

The same text gets the same translation, and says so. Texts that are like it are shown to
a model that translates by example.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from rapidfuzz import fuzz, process

from nlp.decoding import Remark
from nlp.units import plain_text, units_of

ALIKE_ABOVE = 70.0  # of 100: the share of letters that two texts have in common, to be shown as an example
MOST_SHOWN = 2


class Memory:
    """Remarks in several languages, later ones before earlier ones of the same text."""

    def __init__(self, remarks: Iterable[Remark] = ()) -> None:
        """Remember remarks; those of several sentences also sentence by sentence, where these match."""
        self._pairs: dict[tuple[str, str], dict[str, Remark]] = {}
        self._remarks = [part for remark in remarks for part in (remark, *_parts(remark))]

    @cached_property
    def _by_language(self) -> dict[str, dict[str, Remark]]:
        found: dict[str, dict[str, Remark]] = {}
        for remark in self._remarks:
            for code, text in remark.items():
                found.setdefault(code, {})[_key(text)] = remark
        return found

    def _of_pair(self, source: str, target: str) -> dict[str, Remark]:
        """Remarks that both languages have, by their text in the first: looked at for every unit."""
        if (source, target) not in self._pairs:
            held = self._by_language.get(source, {}).items()
            self._pairs[source, target] = {key: remark for key, remark in held if target in remark}
        return self._pairs[source, target]

    def exact(self, text: str, source: str, target: str) -> str | None:
        """The translation of this very text, but for case and blanks; None where there is none."""
        remark = self._by_language.get(source, {}).get(_key(text), {})
        return remark.get(target)

    def near(self, text: str, source: str, target: str) -> tuple[Remark, ...]:
        """Remarks that are like a text, the likest last: nearest to the text where they are shown."""
        held = self._of_pair(source, target)
        alike = process.extract(
            _key(text), held.keys(), scorer=fuzz.ratio, score_cutoff=ALIKE_ABOVE, limit=MOST_SHOWN
        )
        return tuple(held[key] for key, _, _ in reversed(alike))


def _key(text: str) -> str:
    return plain_text(text).casefold()


def _parts(remark: Remark) -> list[Remark]:
    """A remark sentence by sentence: none where the languages differ in their number of sentences."""
    cut = {code: units_of(text, code) for code, text in remark.items()}
    if len({len(units) for units in cut.values()}) != 1 or len(next(iter(cut.values()))) < 2:
        return []
    return [dict(zip(cut, each, strict=True)) for each in zip(*cut.values(), strict=True)]
