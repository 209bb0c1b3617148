"""From what a file says to corrections: which passage is meant, what would change, what cannot be.

Nothing is changed here but by `apply`, through the review desk, as any correction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from transcripts.alignment import merged, shared
from transcripts.archive import Archive
from transcripts.cuts import joined
from transcripts.document import Document, Remark, documents
from transcripts.errors import ArchiveError, ConflictError, FormatError
from transcripts.formats.captions import ORIGINAL, text_of
from transcripts.formats.offers import Offer, Offers
from transcripts.review import ReviewDesk
from transcripts.values import seconds

NEAR_S = 10.0  # captions come later than what is said by less than this
SAME_S = 0.0015  # files hold milliseconds, and want an end after the start
ALIKE = 0.5  # part of a passage's letters that an offer must hold to be of it as well


@dataclass(frozen=True, slots=True)
class Correction:
    """A change that a file asks for: a field of a passage, what stands there and what should.

    `conflict` says why it is not to be made, '' where it is.
    """

    passage_id: str
    field: str
    before: str
    after: str
    conflict: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file would change, in the order of the passages; and in words, what has no place.

    `unmentioned` counts the passages of which the file says nothing: they stay as they are.
    """

    corrections: tuple[Correction, ...]
    misplaced: tuple[str, ...]
    unmentioned: int


def plan(archive: Archive, panel_id: str, offers: Offers) -> Plan:
    """What a file would change in a panel.

    Raises ArchiveError for a panel that is not there, FormatError where it has several
    recordings and nothing says which the file is of.
    """
    document = _document(archive, panel_id, offers)
    places, misplaced = _placed(document, offers)
    known = next(each for each in archive.conferences() if each.id == document.conference_id).speakers
    speakers = {each.name: each.id for each in known} | {each.id: each.id for each in known}
    reader = _Reader(document, offers.track, speakers, misplaced)
    desk = ReviewDesk(archive)
    found: list[Correction] = []
    for remark in document.remarks:
        mine = places.get(remark.id, [])
        if mine:
            found += (_judged(desk, each) for each in _wanted(reader, remark, mine))
    return Plan(tuple(found), tuple(misplaced), len(document.remarks) - len(places))


def apply(archive: Archive, corrections: Iterable[Correction], reviewer: str) -> tuple[Correction, ...]:
    """Make the corrections that can be; each with what came of it, refused ones with the conflict."""
    desk, done = ReviewDesk(archive), []
    for each in corrections:
        conflict = each.conflict
        if not conflict:
            try:
                desk.correct(each.passage_id, each.field, each.after, reviewer=reviewer, expected=each.before)
            except (ConflictError, ArchiveError) as error:
                conflict = str(error)
        done.append(Correction(each.passage_id, each.field, each.before, each.after, conflict))
    return tuple(done)


def _document(archive: Archive, panel_id: str, offers: Offers) -> Document:
    """The recording of the panel that a file is of: by its id, by passages of it, or the only one."""
    found = documents(archive, panel_id)
    told = {offer.passage_id.partition("/")[0] for offer in offers.offers}
    for document in found:
        if document.recording.id == offers.recording_id or told & {each.id for each in document.remarks}:
            return document
    if len(found) > 1:
        names = ", ".join(each.recording.id for each in found)
        raise FormatError(
            f"panel {panel_id!r} has several recordings ({names}), and nothing in the file says which it "
            "is of: give a format that names its passages, as vtt, tei, eaf, exb or jsonl"
        )
    return found[0]


def _placed(document: Document, offers: Offers) -> tuple[dict[str, list[Offer]], list[str]]:
    """The offers of each passage in the order of time; in words, those that have none."""
    known = {each.id for each in document.remarks}
    places: dict[str, list[Offer]] = {}
    misplaced = []
    for offer in sorted(offers.offers, key=lambda each: each.span):
        passage_id = offer.passage_id if offer.passage_id in known else offer.passage_id.rpartition("/")[0]
        if passage_id not in known:
            near = _near(document.remarks, offer, offers.track)
            if len(near) != 1:
                why = f"is of several passages ({', '.join(near)})" if near else "is of no passage"
                said = (offer.text or "")[:60]
                misplaced.append(f"{_clock(offer)} {said!r} {why}")
                continue
            passage_id = near[0]
        places.setdefault(passage_id, []).append(offer)
    order = {each.id: n for n, each in enumerate(document.remarks)}
    return dict(sorted(places.items(), key=lambda item: order[item[0]])), misplaced


def _near(remarks: Sequence[Remark], offer: Offer, track: str) -> list[str]:
    """The passage that an offer is of by time and text; more, where it holds most of several."""
    scores: dict[str, float] = {}
    held = []
    for remark in remarks:
        if offer.span.gap_s(remark.span) > NEAR_S:
            continue
        said = _letters(_said(remark, offer, track))
        time_share = offer.span.overlap_s(remark.span) / max(offer.span.duration_s, 0.001)
        text_share = shared(_letters(offer.text or ""), said) if said else 0.0
        if time_share or text_share > ALIKE:
            scores[remark.id] = time_share + text_share
        if offer.span.overlap_s(remark.span) and said and shared(said, _letters(offer.text or "")) > ALIKE:
            held.append(remark.id)
    if len(held) > 1:
        return held
    return [max(scores, key=lambda each: scores[each])] if scores else []


def _said(remark: Remark, offer: Offer, track: str) -> str:
    """What of a remark an offer's text stands for: what was said, or its translation."""
    if _is_original(remark, offer, track):
        return remark.text
    rendering = remark.rendering(track if track != ORIGINAL else offer.language)
    return rendering.text if rendering else ""


def _is_original(remark: Remark, offer: Offer, track: str) -> bool:
    return track in (ORIGINAL, remark.language) or offer.is_exact


@dataclass(frozen=True, slots=True)
class _Reader:
    """What the offers of passages are compared with, and where what has no place is told."""

    document: Document
    track: str
    speakers: Mapping[str, str]  # ids by id and by name
    misplaced: list[str]


def _wanted(reader: _Reader, remark: Remark, offers: Sequence[Offer]) -> Iterator[Correction]:
    """What the offers of a passage would change of it."""
    first, document, track = offers[0], reader.document, reader.track
    original = _is_original(remark, first, track)
    yield from _speaker(reader, remark, first)
    if original and first.language and first.language != remark.language:
        yield Correction(remark.id, "language", remark.language, first.language)
    said = _joined(offers, first.language or (remark.language if original else track))
    if original:
        yield from _text(remark, "text", remark.text, said, ORIGINAL, first.is_exact)
        offered = first.translations.get(document.target_language)
    else:
        offered = said if track == document.target_language else None
        if track != document.target_language:
            reader.misplaced.append(
                f"{_clock(first)} only translations into {document.target_language} are corrected"
            )
    rendering = remark.rendering(document.target_language)
    before, language = (rendering.text if rendering else ""), document.target_language
    if offered and remark.language != language:
        yield from _text(remark, "translation", before, offered, language, first.is_exact)
    if first.is_exact:
        yield from _ends(remark, first)
        yield from _themes(document, remark, first)


def _speaker(reader: _Reader, remark: Remark, offer: Offer) -> Iterator[Correction]:
    if offer.speaker in ("", "unknown", remark.speaker, remark.speaker_id):
        return
    speaker_id = reader.speakers.get(offer.speaker)
    if speaker_id is None:
        reader.misplaced.append(f"{_clock(offer)} {offer.speaker!r} is no speaker of the conference")
    elif speaker_id != remark.speaker_id:
        yield Correction(remark.id, "speaker", remark.speaker_id or "", speaker_id)


def _joined(offers: Sequence[Offer], language: str) -> str:
    text = ""
    for offer in offers:
        text = joined(text, offer.text or "", language) if text else offer.text or ""
    return text


def _text(
    remark: Remark, field: str, before: str, said: str, track: str, is_exact: bool
) -> Iterator[Correction]:
    """A text that differs; blanks alone are no difference, but where a format is exact."""
    after = said.strip()
    if not after or after == before or (not is_exact and _letters(after) == _letters(before)):
        return
    if not is_exact and before:  # keep the blanks that captions cannot hold
        kept = merged(text_of(remark, track), after, [before])
        after = kept[0] if kept else after
    yield Correction(remark.id, field, before, after)


def _ends(remark: Remark, offer: Offer) -> Iterator[Correction]:
    """Times that differ; first the one that makes room for the other."""
    was, now = remark.span, offer.span
    moved = [
        Correction(remark.id, name, seconds(before_s), seconds(after_s))
        for name, before_s, after_s in (
            ("start_s", was.start_s, now.start_s),
            ("end_s", was.end_s, now.end_s),
        )
        if abs(before_s - after_s) > SAME_S
    ]
    yield from reversed(moved) if now.start_s >= was.end_s else moved


def _themes(document: Document, remark: Remark, offer: Offer) -> Iterator[Correction]:
    if offer.themes is None:
        return
    held = {theme.id for theme in remark.themes}
    for theme in sorted(held ^ offer.themes):
        if theme in {each.id for each in document.themes}:
            now = theme in offer.themes
            yield Correction(remark.id, f"theme:{theme}", str(not now), str(now))


def _judged(desk: ReviewDesk, wanted: Correction) -> Correction:
    """A correction with its conflict: the file may be older than what a person has changed since."""
    changes = [each.review for each in desk.history(wanted.passage_id) if not each.undone]
    mine = [review for review in changes if review.field == wanted.field]
    if not mine:
        return wanted
    now = _likeness(wanted.after, wanted.before)
    older = next((each for each in reversed(mine) if _likeness(wanted.after, each.before) > now), None)
    if older is None:
        return wanted
    why = f"the file is older than what {older.reviewer} changed (change {older.id})"
    return Correction(wanted.passage_id, wanted.field, wanted.before, wanted.after, why)


def _likeness(one: str, two: str) -> float:
    return SequenceMatcher(None, _letters(one), _letters(two), autojunk=False).ratio()


def _letters(text: str) -> str:
    return "".join(text.split())


def _clock(offer: Offer) -> str:
    return f"{offer.span.start_s:.3f} s:"


__all__ = ["Correction", "Plan", "apply", "plan"]
