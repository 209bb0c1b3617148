"""What people changed, applied to what machines say now.

Reviews are a journal; readings are what comes out when the journal of a recording is gone
through over its passages. Nothing here knows a database. A change that finds no place is told,
and stays in the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from transcripts.alignment import mapped, merged
from transcripts.cuts import divided, stale, united, with_flag
from transcripts.page import SAME_END_S, Anchor, Belonging, Page, Reading
from transcripts.quality import MIXED, UNSEEN
from transcripts.records import Review, Span

# Flags that a person answers by naming the speaker or the language; the others doubt the text.
_ANSWERED = {"speaker": "speaker_doubtful", "language": "language_doubtful"}
_NOT_OF_TEXT = {*_ANSWERED.values(), "overlap"}


def undone(reviews: Iterable[Review]) -> set[int]:
    """Ids of the reviews that were taken back, of one recording or more. A taking back may be one."""
    found: set[int] = set()
    for review in sorted(reviews, key=lambda each: each.id, reverse=True):
        if review.field == "undo" and review.id not in found:
            found.add(review.detail["review"])
    return found


def replay(page: Page, reviews: Iterable[Review]) -> dict[int, tuple[str, ...]]:
    """Apply the reviews that hold to a page, in order; the passages where each found its place, if any."""
    places = {}
    journal = sorted(reviews, key=lambda each: each.id)
    gone = undone(journal)
    for review in journal:
        if review.field == "undo" or review.id in gone:
            continue
        places[review.id] = _APPLY[review.field.partition(":")[0]](page, review)
    return {
        number: tuple(dict.fromkeys(page.present(passage_id) for passage_id in found))
        for number, found in places.items()
    }


def _anchor(review: Review) -> Anchor:
    return Anchor(review.passage_id, review.span, review.text, review.sha256)


def with_text(reading: Reading, text: str) -> Reading:
    """The reading with another text. A machine's translation is of the old one."""
    if text == reading.passage.text:
        return reading
    passage = replace(reading.passage, text=text)
    themes = {
        theme: replace(each, evidence=_moved(each.evidence, reading.passage.text, text))
        for theme, each in reading.themes.items()
    }
    return replace(stale(reading), passage=passage, themes=themes)


def _moved(evidence: tuple[int, int] | None, old: str, new: str) -> tuple[int, int] | None:
    if evidence is None:
        return None
    start, end = (mapped(position, old, new) for position in evidence)
    return (start, end) if start < end else None


def _text(page: Page, review: Review) -> Sequence[str]:
    found, same = page.find(_anchor(review))
    if same:
        reading = with_text(page.readings[found[0]], review.after)
        flags = tuple(flag for flag in reading.passage.flags if flag in _NOT_OF_TEXT)
        heard = replace(reading.passage, flags=flags, confidence=1.0)  # by the person, all of it
        return page.put(found[0], review, replace(reading, passage=heard))
    texts = merged(review.before, review.after, [page.readings[n].passage.text for n in found]) or []
    places = []
    for n, text in zip(found, texts, strict=True) if texts else ():
        if text.strip() and text != page.readings[n].passage.text:
            places += page.put(n, review, with_text(page.readings[n], text.strip()))
    return places or [page.readings[n].passage.id for n, _ in zip(found, texts, strict=False)]


def _translation(page: Page, review: Review) -> Sequence[str]:
    found, same = page.find(_anchor(review))
    if not same or review.detail["language"] != page.target_language:
        return ()
    written = replace(
        page.readings[found[0]], translation=review.after, quality=None, signature=None, translation_flags=()
    )
    return page.put(found[0], review, written)


def _label(page: Page, review: Review) -> Sequence[str]:
    """A speaker or a language: of every passage that holds the words."""
    places = []
    for n in page.find(_anchor(review))[0]:
        reading = page.readings[n]
        flags = tuple(flag for flag in reading.passage.flags if flag != _ANSWERED[review.field])
        if review.field == "speaker":
            passage = replace(reading.passage, speaker_id=review.after or None, flags=flags)
        else:
            passage = replace(reading.passage, language=review.after, flags=flags)
            reading = _from_another_language(reading, review.after == page.target_language)
        places += page.put(n, review, replace(reading, passage=passage))
    return places


def _from_another_language(reading: Reading, none_needed: bool) -> Reading:
    """The reading with a machine's translation, which took the text for another language, in doubt."""
    if reading.signature and none_needed:
        return replace(reading, translation=None, quality=None, signature=None, translation_flags=())
    return stale(reading)


def _time(page: Page, review: Review) -> Sequence[str]:
    found, same = page.find(_anchor(review))
    if not same:
        return ()
    reading = page.readings[found[0]]
    start_s, end_s = reading.passage.span.start_s, reading.passage.span.end_s
    if review.field == "start_s":
        start_s = float(review.after)
    else:
        end_s = float(review.after)
    if start_s >= end_s:
        return ()
    return page.put(
        found[0], review, replace(reading, passage=replace(reading.passage, span=Span(start_s, end_s)))
    )


def _theme(page: Page, review: Review) -> Sequence[str]:
    theme, belongs = review.field.partition(":")[2], review.after == "True"
    places = []
    for n in page.find(_anchor(review))[0]:
        reading = page.readings[n]
        before = reading.themes.get(theme)
        decided = Belonging(belongs, True, float(belongs), before.evidence if before else None)
        changed = replace(reading, themes={**reading.themes, theme: decided})
        if review.before == review.after:  # a tag that was confirmed takes nothing back
            page.readings[n] = changed
            places.append(changed.passage.id)
        else:
            places += page.put(n, review, changed)
    return places


def _state(page: Page, review: Review) -> Sequence[str]:
    """A state; what a person vouched for stays as they saw it, whatever machines say since.

    A machine's translation that was not there yet is shown as what nobody has seen.
    """
    found, same = page.find(_anchor(review))
    if not same:
        return [review.passage_id] if review.after == "draft" else ()
    reading = page.readings[found[0]]
    if review.after != "draft":
        reading = with_text(reading, review.text)
        reading = replace(reading, passage=replace(reading.passage, flags=(), confidence=1.0))
        seen = {name: review.detail[name] for name in ("translation", "quality", "signature")}
        if review.detail["language"] == page.target_language and seen["translation"] is not None:
            mixed = tuple(flag for flag in reading.translation_flags if flag == MIXED)
            reading = replace(reading, **seen, translation_flags=mixed)
        elif reading.signature:
            reading = with_flag(reading, UNSEEN)
    page.readings[found[0]] = replace(reading, state=review.after, reviewer=review.reviewer)
    return [reading.passage.id]


def _split(page: Page, review: Review) -> Sequence[str]:
    at_s = float(review.detail["at_s"])
    found, same = page.find(_anchor(review))
    if not same:  # cut anew: perhaps here, or around it
        near = [page.readings[n].passage for n in found]
        parted = [each.id for each in near if abs(each.span.start_s - at_s) <= SAME_END_S]
        if parted:
            return parted
        found = [
            n
            for n in found
            if page.readings[n].passage.span.start_s < at_s < page.readings[n].passage.span.end_s
        ]
    for n in found:
        passage = page.readings[n].passage
        at = mapped(int(review.detail["at_char"]), review.text, passage.text)
        if passage.text[:at].strip() and passage.text[at:].strip():
            parts = divided(page.readings[n], at, at_s, review)
            new_id = page.free_id(str(review.detail["new_id"]))
            second = replace(parts[1], passage=replace(parts[1].passage, id=new_id))
            return page.put(n, review, parts[0], second)
    return ()


def _merge(page: Page, review: Review) -> Sequence[str]:
    held = review.detail["next"]
    span = Span(held["start_s"], held["end_s"])
    (first, same), (second, next_same) = (
        page.find(_anchor(review)),
        page.find(Anchor(held["id"], span, held["text"], review.sha256)),
    )
    if same and next_same and first[0] < second[0]:
        n, following = first[0], page.readings[second[0]]
        places = page.put(n, review, united(page.readings[n], following))
        page.remove(second[0], into=places[0])
        return places
    whole = Anchor(review.passage_id, review.span.cover(span), review.after, review.sha256)
    now, one = page.find(whole)
    return [page.readings[now[0]].passage.id] if one else ()  # a machine's passage holds both already


_APPLY: dict[str, Callable[[Page, Review], Sequence[str]]] = {
    "text": _text,
    "translation": _translation,
    "speaker": _label,
    "language": _label,
    "start_s": _time,
    "end_s": _time,
    "theme": _theme,
    "state": _state,
    "split": _split,
    "merge": _merge,
}
