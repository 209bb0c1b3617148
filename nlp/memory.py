"""Translation memory: what people have translated or approved, for what is said again.

The same text gets the same translation, and says so. Texts that are like it are shown to
a model that translates by example.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from rapidfuzz import fuzz, process

from nlp.decoding import Remark
from nlp.doubts import doubts
from nlp.units import plain_text, sentences_of, units_of

ALIKE_ABOVE = 70.0  # of 100: the share of letters that two texts have in common, to be shown as an example
MOST_SHOWN = 2


class Memory:
    """Remarks in several languages, later ones before earlier ones of the same text."""

    def __init__(self, remarks: Iterable[Remark] = ()) -> None:
        """Remember remarks; those of several sentences also sentence by sentence, where these match."""
        self._pairs: dict[tuple[str, str], dict[str, Remark]] = {}
        lines = ({code: plain_text(text) for code, text in remark.items()} for remark in remarks)
        self._remarks = [part for remark in lines for part in (remark, *_parts(remark))]

    def _of_pair(self, source: str, target: str) -> dict[str, Remark]:
        """Remarks that both languages have, by their text in the first: looked at for every unit."""
        if (source, target) not in self._pairs:
            self._pairs[source, target] = {
                _key(remark[source]): remark
                for remark in self._remarks
                if source in remark and target in remark
            }
        return self._pairs[source, target]

    def exact(self, text: str, source: str, target: str) -> str | None:
        """The translation of this very text, but for case and blanks; None where there is none."""
        return self._of_pair(source, target).get(_key(text), {}).get(target)

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
    """A remark unit by unit: none where it is not certain that these say the same in all languages.

    They have to hold as many sentences each (short ones go with different neighbours in different
    languages), and whole ones: clauses come in another order elsewhere.
    """
    cut = {code: units_of(text, code) for code, text in remark.items()}
    if min(map(len, cut.values()), default=0) < 2:
        return []
    shapes = {code: tuple(len(sentences_of(unit)) for unit in units) for code, units in cut.items()}
    whole = all(sum(shape) == len(sentences_of(remark[code])) for code, shape in shapes.items())
    if not whole or len(set(shapes.values())) != 1:
        return []
    parts: list[Remark] = [dict(zip(cut, each, strict=True)) for each in zip(*cut.values(), strict=True)]
    doubtful = any(
        doubts(part[one], part[other], one, other)
        for part in parts
        for one, other in itertools.permutations(cut, 2)
    )
    return [] if doubtful else parts
