"""From what a file says to corrections: which passage is meant, what would change, what cannot be.

Nothing is changed here but by `apply`, through the review desk, as any correction.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import reduce

from transcripts.alignment import in_runs, merged
from transcripts.archive import Archive
from transcripts.cuts import joined
from transcripts.document import Document, Remark, Rendering, documents
from transcripts.errors import ArchiveError, ConflictError, FormatError
from transcripts.formats.captions import ORIGINAL, text_of, tracks
from transcripts.formats.offers import Offer, Offers
from transcripts.formats.subtitles import one_line
from transcripts.holdings import Selection
from transcripts.records import Span
from transcripts.review import ReviewDesk
from transcripts.values import seconds

NEAR_S = 10.0  # captions come later than what is said by less than this
FAR_S = 60.0  # where speech is fast, by less than this: then their text has to be the passage's to the letter
SAME_S = 0.0015  # files hold milliseconds, and want an end after the start
TELLING = 12  # letters of a text that tells of itself where it is from
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

    Raises ArchiveError for a panel that is not there, FormatError where the file is of another one, where
    the panel has several recordings and nothing says which the file is of, and for a track that it has not.
    """
    found = documents(archive, panel_id)
    of, misplaced = _by_recording(archive, found, panel_id, offers)
    corrections: list[Correction] = []
    unmentioned = 0
    for document in (each for each in found if each.recording.id in of):
        _check_track(document, offers.track)
        hidden = _withheld(archive, document)
        places, more = _placed(document.remarks, hidden, of[document.recording.id], offers.track)
        known = next(each for each in archive.conferences() if each.id == document.conference_id).speakers
        speakers = {each.name: each.id for each in known} | {each.id: each.id for each in known}
        reader, desk = _Reader(document, offers.track, speakers, more), ReviewDesk(archive)
        for remark in document.remarks:
            if mine := places.get(remark.id):
                corrections += (_judged(desk, each) for each in _wanted(reader, remark, mine))
        misplaced += more
        unmentioned += len(document.remarks) - len(places)
    return Plan(tuple(corrections), tuple(misplaced), unmentioned)


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


def _by_recording(
    archive: Archive, found: Sequence[Document], panel_id: str, offers: Offers
) -> tuple[dict[str, list[Offer]], list[str]]:
    """The offers of each recording of the panel, by its id; in words, those of other recordings."""
    ids = [offer.passage_id.partition("/")[0] for offer in offers.offers]
    entries = archive.entries_by_id([each for each in ids if each.isprintable()], Selection(restricted=True))
    of: dict[str, list[Offer]] = {}
    for passage_id, offer in zip(ids, offers.offers, strict=True):
        told = offer.recording_id or offers.recording_id
        if not told and passage_id in entries:
            told = entries[passage_id].passage.recording_id
        of.setdefault(told, []).append(offer)
    nameless = of.pop("", [])
    if nameless or not of:
        mine = next(iter(of)) if len(of) == 1 else _only_recording(archive, panel_id)
        of.setdefault(mine, []).extend(nameless)
    known = [each.recording.id for each in found]
    others = {name: of.pop(name) for name in list(of) if name not in known}
    if others and not of:
        raise FormatError(
            f"the file is of {', '.join(others)}, and panel {panel_id!r} has {', '.join(known)}: "
            "name the panel that the file is of"
        )
    return of, [f"{len(held)} pieces are of {name}, not of this panel" for name, held in others.items()]


def _only_recording(archive: Archive, panel_id: str) -> str:
    """The panel's one recording. Raises FormatError where it has several, be they withheld."""
    names = [each.id for each in archive.recordings() if each.panel_id == panel_id]
    if len(names) > 1:
        raise FormatError(
            f"panel {panel_id!r} has several recordings ({', '.join(names)}), and nothing in the file says "
            "which it is of: give a format that names its passages, as vtt, tei, eaf, exb or jsonl"
        )
    return names[0]


def _check_track(document: Document, track: str) -> None:
    known = dict.fromkeys((*tracks(document), document.target_language))
    if track not in known:
        raise FormatError(
            f"nothing in panel {document.panel.id!r} is said in {track!r} or translated into it: "
            f"say what the captions are with --track: {', '.join(known)}"
        )


def _withheld(archive: Archive, document: Document) -> list[Remark]:
    """The passages of the recording that nobody is shown: what is of them is of no other passage."""
    everything = archive.entries(Selection(panels=frozenset({document.panel.id}), restricted=True))
    return [
        Remark(
            each.passage.id,
            each.passage.span,
            each.passage.speaker_id,
            each.speaker,
            each.passage.language,
            each.passage.text,
            (Rendering(each.target_language, each.translation),) if each.translation else (),
        )
        for each in everything
        if each.restricted and each.passage.recording_id == document.recording.id
    ]


def _placed(
    remarks: Sequence[Remark], hidden: Sequence[Remark], offers: Iterable[Offer], track: str
) -> tuple[dict[str, list[Offer]], list[str]]:
    """The offers of each passage in the order of time; in words, those that have none."""
    everything = sorted((*remarks, *hidden), key=lambda each: each.span)
    starts_s = [each.span.start_s for each in everything]
    longest_s = max((each.span.duration_s for each in everything), default=0.0)
    known, closed = {each.id for each in everything}, {each.id for each in hidden}
    places: dict[str, list[Offer]] = {}
    misplaced = []
    for offer in sorted(offers, key=lambda each: each.span):
        passage_id = offer.passage_id if offer.passage_id in known else offer.passage_id.rpartition("/")[0]
        first = bisect_left(starts_s, offer.span.start_s - longest_s - FAR_S)
        around = everything[first : bisect_right(starts_s, offer.span.end_s + FAR_S)]
        near = [passage_id] if passage_id in known else _near(around, offer, track)
        if len(near) == 1 and near[0] not in closed:
            places.setdefault(near[0], []).append(offer)
            continue
        several = len(near) > 1 and not closed & set(near)
        why = f"is of several passages ({', '.join(near)})" if several else "is of no passage"
        misplaced.append(f"{_clock(offer)} {(offer.text or '')[:60]!r} {why}")
    return places, misplaced


def _near(remarks: Sequence[Remark], offer: Offer, track: str) -> list[str]:
    """The passage that an offer is of by time and text; more, where it holds most of several.

    Text says more than time: captions of fast speech stand while the next passage is said.
    """
    offered = _letters(offer.text or "")
    telling = min(1.0, len(offered) / TELLING)  # a short text stands in many passages
    heard = [each for each in remarks if offer.span.overlap_s(each.span)]
    sure = [each.id for each in heard if telling == 1 and offered in _letters(_said(each, offer, track))]
    if len(sure) == 1:
        return sure
    scores: dict[str, float] = {}
    held, is_part = [], False
    for remark in remarks:
        gap_s, both_s = offer.span.gap_s(remark.span), offer.span.overlap_s(remark.span)
        if gap_s > FAR_S:
            continue
        said = _letters(_said(remark, offer, track))
        if gap_s > NEAR_S and (offered not in said or (telling < 1 and offered != said)):
            continue
        alike = in_runs(offered, said)
        shorter_s = min(offer.span.duration_s, remark.span.duration_s)
        if alike > ALIKE or both_s > ALIKE * shorter_s:
            whole = alike * min(1.0, len(offered) / max(1, len(said)))  # 'Yes.' is of a 'Yes.' first
            time_share = both_s / max(offer.span.duration_s, 0.001)
            scores[remark.id] = 2 * (alike * telling + whole) + time_share - gap_s / FAR_S / 10
            is_part |= alike == 1.0
        if both_s and in_runs(said, offered) > ALIKE:
            held.append(remark.id)
    if len(held) > 1 and not is_part:
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
    first, document, track = _whole(offers), reader.document, reader.track
    original = _is_original(remark, first, track)
    yield from _speaker(reader, remark, first)
    if original and first.language and first.language != remark.language:
        yield Correction(remark.id, "language", remark.language, first.language)
    texts = [each.text or "" for each in offers]
    said = _together(texts, first.language or (remark.language if original else track))
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


def _whole(offers: Sequence[Offer]) -> Offer:
    """What the pieces of a passage say of it together: people divide what they annotate.

    Its text is not among it: that is joined as the passage's language writes it.
    """
    first = next((each for each in offers if each.passage_id), offers[0])
    if not first.is_exact or len(offers) == 1:
        return first
    said: dict[str, list[str]] = {}
    for code in first.translations:
        texts = (each.translations.get(code, "") for each in offers)
        said[code] = list(dict.fromkeys(filter(None, texts)))  # or each piece has a copy of it
    together = {code: _together(texts, code) for code, texts in said.items()}
    return replace(first, span=reduce(Span.cover, (each.span for each in offers)), translations=together)


def _speaker(reader: _Reader, remark: Remark, offer: Offer) -> Iterator[Correction]:
    if offer.speaker in ("", "unknown", remark.speaker, remark.speaker_id):
        return
    speaker_id = reader.speakers.get(offer.speaker)
    if speaker_id is None:
        reader.misplaced.append(f"{_clock(offer)} {offer.speaker!r} is no speaker of the conference")
    elif speaker_id != remark.speaker_id:
        yield Correction(remark.id, "speaker", remark.speaker_id or "", speaker_id)


def _together(texts: Iterable[str], language: str) -> str:
    text = ""
    for each in texts:
        apart = text[-1:].isspace() or each[:1].isspace()
        text = joined(text, each, language) if text and not apart else text + each
    return text


def _text(
    remark: Remark, field: str, before: str, said: str, track: str, is_exact: bool
) -> Iterator[Correction]:
    """A text that differs; blanks alone are no difference, but where a format is exact."""
    language = remark.language if track == ORIGINAL else track
    after = said.strip()
    if is_exact and "\n" in after and len(before.splitlines()) < 2:  # an editor of XML has laid it out
        after = one_line(after, language)
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
