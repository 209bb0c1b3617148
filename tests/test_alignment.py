"""A place or a change of one text is found in another version of it, or said not to be there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcripts.alignment import mapped, merged, shared

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@pytest.mark.parametrize(
    ("theirs", "found"),
    [
        (["The films of Kurosava are long."], ["The films of Kurosawa are long."]),
        (["So: the films of Kurosava", "are long."], ["So: the films of Kurosawa", "are long."]),
        (["The films of Kurosawa are long."], ["The films of Kurosawa are long."]),  # heard right now
        (["The films of Kuro", "sava are long."], ["The films of Kuro", "sawa are long."]),
        (["The films of Kurosa", "va are long."], None),  # cut at the change itself
        (["The films of Ozu are long."], None),
        (["are long."], None),  # the change is of another part
        ([], None),
    ],
)
def test_a_change_is_made_to_what_a_text_became(theirs: list[str], found: list[str] | None) -> None:
    base, ours = "The films of Kurosava are long.", "The films of Kurosawa are long."
    assert merged(base, ours, theirs) == found


def test_changes_at_the_ends_are_found() -> None:
    assert merged("uh so it is", "it is", ["uh so it", "is"]) == ["it", "is"]
    assert merged("it is", "it is so.", ["it", "is"]) == ["it", "is so."]
    assert merged("倫理です", "論理です", ["倫理です。"]) == ["論理です。"]


@given(base=texts, ours=texts)
def test_what_did_not_change_takes_every_change(base: str, ours: str) -> None:
    assert merged(base, ours, [base]) == [ours]
    if base:  # and the same with more text around it, as when passages are cut anew
        assert merged(base, ours, ["\t\t", base]) in (None, ["\t\t", ours])


@given(base=texts, theirs=st.lists(texts, min_size=1, max_size=3))
def test_no_change_changes_nothing(base: str, theirs: list[str]) -> None:
    assert merged(base, base, theirs) == theirs


@given(base=texts, ours=texts, theirs=st.lists(texts, max_size=3))
def test_any_texts_are_merged_or_refused(base: str, ours: str, theirs: list[str]) -> None:
    found = merged(base, ours, theirs)
    assert found is None or len(found) == max(1, len(theirs)) or len(theirs) == 0


@given(old=texts, new=texts, data=st.data())
def test_places_keep_their_order_and_their_ends(old: str, new: str, data: st.DataObject) -> None:
    first, second = sorted(data.draw(st.integers(0, len(old))) for _ in range(2))
    assert 0 <= mapped(first, old, new) <= mapped(second, old, new) <= len(new)
    assert mapped(first, old, old) == first


def test_how_much_of_a_text_stands_in_another() -> None:
    assert shared("is long", "it is long") == 1
    assert shared("", "x") == 1
    assert shared("abc", "xyz") == 0
