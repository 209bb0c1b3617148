"""Where a place or a change of one text is in another version of it.

For texts of a passage's length: difflib compares letter by letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher


def _matcher(old: str, new: str) -> SequenceMatcher[str]:
    return SequenceMatcher(None, old, new, autojunk=False)


def mapped(position: int, old: str, new: str) -> int:
    """The place in a new version of a text that answers to a place (0..len) in the old one.

    Between letters that both have it is exact; elsewhere it is as far along as in the old text.
    """
    before_old = before_new = 0
    for block in _matcher(old, new).get_matching_blocks():
        if position <= block.a:
            share = (position - before_old) / (block.a - before_old) if block.a > before_old else 1.0
            return before_new + round(share * (block.b - before_new))
        if position <= block.a + block.size:
            return block.b + position - block.a
        before_old, before_new = block.a + block.size, block.b + block.size
    return len(new)


def shared(part: str, whole: str) -> float:
    """How much of a text (0..1) stands in another, in order; of an empty text, all."""
    if not part:
        return 1.0
    return sum(block.size for block in _matcher(whole, part).get_matching_blocks()) / len(part)


def in_runs(part: str, whole: str, least: int = 3) -> float:
    """How much of a text (0..1) stands in another in runs of so many letters; of an empty text, none.

    Single letters stand in any text; runs tell texts of one language apart.
    """
    if not part:
        return 0.0
    if part in whole:
        return 1.0
    blocks = _matcher(whole, part).get_matching_blocks()
    return sum(block.size for block in blocks if block.size >= least) / len(part)


def merged(base: str, ours: str, theirs: Sequence[str]) -> list[str] | None:
    """Texts with the changes that led from `base` to `ours`: a three-way merge.

    `theirs` are what became of the base, or of part of it, in order. A change that they hold
    already is left as it is. None where one change does not fit: what it changed, or a letter
    beside it, is not there any more, or it would cross from one text into another.
    """
    whole = "\0".join(theirs)  # no text of an archive holds one
    if whole == base:
        return [ours]
    where = {
        block.a + n: block.b + n
        for block in _matcher(base, whole).get_matching_blocks()
        for n in range(block.size)
    }
    edits: list[tuple[int, int, str]] = []
    for kind, start, end, new_start, new_end in _matcher(base, ours).get_opcodes():
        if kind == "equal":
            continue
        found = _place(whole, where, base, (start, end), ours[new_start:new_end])
        if found is None:
            return None
        edits.append((*found, ours[new_start:new_end]))
    for start, end, text in reversed(edits):
        whole = whole[:start] + text + whole[end:]
    return whole.split("\0")


def _place(
    whole: str, where: dict[int, int], base: str, changed: tuple[int, int], text: str
) -> tuple[int, int] | None:
    """Where in `whole` the changed letters of the base are, or the text that they were changed to."""
    start, end = changed
    left, right = where.get(start - 1), where.get(end)
    if left is None and right is None:
        return None
    for words in sorted((text, base[start:end]), key=len, reverse=True):  # "ab" to "b": not done by its "b"
        first = left + 1 if left is not None else (right or 0) - len(words)
        last = right if right is not None else first + len(words)
        outer = (start == 0 or left is not None) and (end == len(base) or right is not None)
        if outer and first >= 0 and whole[first:last] == words and last - first == len(words):
            return first, last
    return None
