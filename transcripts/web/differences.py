"""What differs between two texts, as pieces to mark: for histories and conflicts."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

# A word with what follows it up to the next; letters of scripts without blanks stand alone.
_UNITS = re.compile(r"[぀-ヿ㐀-鿿豈-﫿]|\w+|\s+|.", re.DOTALL)
UNITS_MAX = 4000  # beyond, the texts are shown whole, one removed and one added


@dataclass(frozen=True, slots=True)
class Change:
    """A piece of text that stayed ('same'), went ('gone') or came ('new')."""

    kind: str
    text: str


def changes(before: str, after: str) -> list[Change]:
    """The way from one text to the other, word by word. Joining what is not 'new' gives `before`."""
    old, new = _UNITS.findall(before), _UNITS.findall(after)
    if len(old) + len(new) > UNITS_MAX:
        return [Change("gone", before), Change("new", after)]
    found: list[Change] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            found.append(Change("same", "".join(old[a:b])))
            continue
        if a < b:
            found.append(Change("gone", "".join(old[a:b])))
        if c < d:
            found.append(Change("new", "".join(new[c:d])))
    return found


__all__ = ["Change", "changes"]
