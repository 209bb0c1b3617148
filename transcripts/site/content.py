"""What a site publishes of an archive, and nothing else: panels, their remarks, and which sound may go with them.

What is withheld, or not as far in its review as is asked for, is not in it: neither its words, nor
who said them, nor its sound. A recording is one file: whoever gets it hears all of it. So its sound
is published only where everything that is said in it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import func, select

from transcripts import schema
from transcripts.archive import Archive
from transcripts.document import Document, Remark, documents
from transcripts.errors import ArchiveError
from transcripts.formats.writers import file_name
from transcripts.rights import restrictions
from transcripts.site.settings import INCLUDED, Site
from transcripts.web.pages.media import MEDIA_TYPES

A_PAGE = 120  # remarks a page
A_PAGE_LETTERS = 45_000  # of texts and renderings, so that a page has less than 300 KB


@dataclass(frozen=True, slots=True)
class PublishedPanel:
    """A panel: a document a recording, in order. `media` are the original files that may be heard, by
    recording id. `slug` names its files; `pages` are the remarks of each of its pages.
    """

    slug: str
    documents: tuple[Document, ...]
    media: dict[str, Path]
    silenced: bool
    pages: tuple[tuple[tuple[int, Remark], ...], ...] = ()

    @property
    def id(self) -> str:
        return self.documents[0].panel.id

    @property
    def title(self) -> str:
        return self.documents[0].panel.title or self.id

    @property
    def held_on(self) -> str:
        return self.documents[0].panel.held_on

    @property
    def conference(self) -> str:
        return self.documents[0].conference_title

    @property
    def target_language(self) -> str:
        return self.documents[0].target_language

    @property
    def remarks(self) -> list[Remark]:
        return [remark for document in self.documents for remark in document.remarks]

    @property
    def duration_s(self) -> float:
        return sum(document.recording.duration_s for document in self.documents)

    @property
    def languages(self) -> list[str]:
        """Languages spoken, the one spoken longest first."""
        spoken = Counter[str]()
        for remark in self.remarks:
            spoken[remark.language] += max(1, round(1000 * remark.span.duration_s))
        return [code for code, _ in spoken.most_common()]

    @property
    def rendered_languages(self) -> list[str]:
        return list(dict.fromkeys(code for each in self.documents for code in each.rendered_languages))

    def page_of(self, passage_id: str) -> int:
        """The number of the page that a passage is on, from 1."""
        return next(
            n for n, page in enumerate(self.pages, 1) for _, remark in page if remark.id == passage_id
        )


def published(
    archive: Archive, site: Site, include: str, *, with_media: bool
) -> tuple[list[PublishedPanel], list[str]]:
    """The panels of a site in the order of their pages, and what a person should know of what was left out.

    Raises ArchiveError where nothing may be published.
    """
    states = INCLUDED[include]
    everything = documents(archive)
    shown = [kept for each in everything if (kept := _with_states(each, states)).remarks]
    if not shown:
        raise ArchiveError(
            f"nothing in the archive is {include if include != 'draft' else 'there to publish'}: approve passages "
            "('symposia review set', or in the reading room), or publish more with --include reviewed or draft"
        )
    heard_more = _heard_more(archive, shown)
    by_panel: dict[str, list[Document]] = {}
    for document in shown:
        by_panel.setdefault(document.panel.id, []).append(document)
    rank = {panel_id: number for number, panel_id in enumerate(site.order)}
    ordered = sorted(by_panel.values(), key=lambda each: rank.get(each[0].panel.id, len(rank)))
    paths = {recording.id: Path(recording.path) for recording in archive.recordings()}
    notes: list[str] = []
    panels = []
    for slug, mine in zip(slugs(each[0].panel.id for each in ordered), ordered, strict=True):
        silenced = [each.recording.id for each in mine if each.recording.id in heard_more]
        media = {
            each.recording.id: paths[each.recording.id]
            for each in mine
            if with_media and each.recording.id not in heard_more and _is_playable(each, paths)
        }
        if with_media and any(each.recording.kind != "captions" for each in mine if each.recording.id in silenced):
            notes.append(
                f"{mine[0].panel.id}: its sound is left out, as not all that is said in it is published"
            )
        panels.append(
            PublishedPanel(slug, tuple(mine), media, bool(silenced), tuple(map(tuple, _pages(mine))))
        )
    return panels, notes


def slugs(ids: Iterable[str]) -> Iterator[str]:
    """A name for the files of each id, no two the same on any file system, and plain in any address."""
    taken: set[str] = set()
    for each in ids:
        plain = unicodedata.normalize("NFKD", each.casefold()).encode("ascii", "ignore").decode()
        start = re.sub(r"[^a-z0-9_-]+", "-", file_name(plain).casefold()).strip("-") or "panel"
        name, number = start, 1
        while name in taken:
            number += 1
            name = f"{start}-{number}"
        taken.add(name)
        yield name


def _with_states(document: Document, states: Sequence[str]) -> Document:
    """The document without the remarks that are not to be published, nor those who only speak there."""
    remarks = tuple(each for each in document.remarks if each.state in states)
    speaking = {each.speaker_id for each in remarks}
    panel = document.panel
    return replace(
        document,
        remarks=remarks,
        speakers=tuple(each for each in document.speakers if each.id in speaking),
        panel=replace(panel, speaker_ids=tuple(each for each in panel.speaker_ids if each in speaking)),
    )


def _heard_more(archive: Archive, shown: Sequence[Document]) -> set[str]:
    """Recordings in which more can be heard than is published."""
    held = restrictions(archive)
    withheld = {each.target for each in held if each.kind == "speaker"}
    counted = select(schema.readings.c.recording_id, func.count()).group_by(schema.readings.c.recording_id)
    turns = select(schema.turns.c.recording_id).where(schema.turns.c.speaker_id.in_(withheld))
    cut_out = select(schema.restrictions.c.recording_id).where(
        schema.restrictions.c.kind == "passage",
        schema.restrictions.c.target.in_([each.target for each in held if each.kind == "passage"]),
    )
    with archive.reading() as connection:
        total = dict(connection.execute(counted).tuples().all())
        silent = set(connection.execute(turns).scalars()) | set(connection.execute(cut_out).scalars())
    return silent | {
        each.recording.id for each in shown if len(each.remarks) < total.get(each.recording.id, 0)
    }


def _is_playable(document: Document, paths: dict[str, Path]) -> bool:
    path = paths[document.recording.id]
    try:
        return (
            document.recording.kind != "captions"
            and path.suffix.lower() in MEDIA_TYPES
            and path.is_file()
        )
    except (OSError, ValueError):
        return False


def _pages(mine: Sequence[Document]) -> Iterator[list[tuple[int, Remark]]]:
    """Remarks with the number of their recording, a page at a time.

    Pages hold the same number of remarks, fewer only where these are very long, so that a
    correction hardly ever moves a remark to another page.
    """
    page: list[tuple[int, Remark]] = []
    letters = 0
    for number, document in enumerate(mine):
        for remark in document.remarks:
            size = len(remark.text) + sum(len(each.text) for each in remark.renderings)
            if page and (len(page) == A_PAGE or letters + size > A_PAGE_LETTERS):
                yield page
                page, letters = [], 0
            page.append((number, remark))
            letters += size
    if page:
        yield page


__all__ = ["PublishedPanel", "published", "slugs"]
