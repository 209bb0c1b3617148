"""Phrases said again and again: what decoders produce when they lose the thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlp.units import density

DOUBLE_LETTERS = 12  # letters of an alphabet that nobody says twice in a row by chance


@dataclass(frozen=True, slots=True)
class Repeat:
    """Tokens `start` to `start + length`, and the same again until `end`."""

    start: int
    length: int
    end: int

    @property
    def turns(self) -> int:
        """How often the phrase comes in a row."""
        return (self.end - self.start) // self.length


def first_repeat(tokens: Sequence[str], shortest: int, turns: int) -> Repeat | None:
    """The first phrase of at least `shortest` tokens that comes at least `turns` times in a row, if any."""
    found: Repeat | None = None
    for length in range(shortest, len(tokens) // turns + 1):
        run = 0
        for index in range(length, len(tokens) + 1):
            if index < len(tokens) and tokens[index] == tokens[index - length]:
                run += 1
                continue
            if run >= length * (turns - 1):
                start = index - run - length
                if found is None or start < found.start:
                    found = Repeat(start, length, index)
            run = 0
    return found


def letters(text: str) -> str:
    """Letters and digits only, without case: what texts are compared by."""
    return "".join(character for character in text.casefold() if character.isalnum())


def doubled(text: str, code: str) -> Repeat | None:
    """A phrase that comes twice or more in a row, in letters of `letters(text)`; None for what people say."""
    return first_repeat(letters(text), round(DOUBLE_LETTERS / density(code)), turns=2)
