"""What a site publishes of an archive, and nothing else: panels, and the sound that may go with them.

What is withheld, or not as far in its review as is asked for, is not in it: neither its words, nor
who said them, nor its sound. A recording is one file: whoever gets it hears all of it. So its sound
is published only where everything that is said in it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import func, select

from transcripts import schema
from transcripts.archive import Archive
from transcripts.document import Document, Remark, documents_of
from transcripts.errors import ArchiveError
from transcripts.files import is_there, place_at
from transcripts.formats.media_types import MEDIA_TYPES
from transcripts.formats.writers import file_name
from transcripts.holdings import Entry, Selection
from transcripts.records import Recording
from transcripts.site.settings import INCLUDED, Site
from transcripts.web.reading import PanelReading, frame_of, reading_of
from transcripts.withheld import silenced

A_PAGE = 120  # remarks a page
A_PAGE_LETTERS = 45_000  # of texts and renderings, so that a page has less than 300 KB


@dataclass(frozen=True, slots=True)
class PublishedPanel:
    """A panel as it is read, and a document a recording of it, in order.

    `media` are the original files that may be heard, by recording id. `slug` names the panel's files;
    `pages` are the places in `reading.lines` of the passages of each of its pages.
    """

    slug: str
    reading: PanelReading
    documents: tuple[Document, ...]
    media: dict[str, Recording]
    pages: tuple[range, ...]

    @property
    def title(self) -> str:
        """The title, or the id of a panel without one."""
        return self.reading.title.strip() or self.reading.panel_id

    @property
    def remarks(self) -> list[Remark]:
        return [remark for document in self.documents for remark in document.remarks]

    @property
    def rendered_languages(self) -> list[str]:
        """Languages that something is translated into, the conference's first."""
        return list(dict.fromkeys(code for each in self.documents for code in each.rendered_languages))


def published(
    archive: Archive, site: Site, include: str, *, with_media: bool
) -> tuple[list[PublishedPanel], list[str]]:
    """The panels of a site in the order of their pages, and what a person should know of what was left out.

    Raises ArchiveError where nothing may be published.
    """
    entries = archive.entries(Selection(states=frozenset(INCLUDED[include])))
    if not entries:
        raise ArchiveError(
            f"the archive has nothing to publish that is {' or '.join(INCLUDED[include])}: approve passages "
            "('symposia review state', or the reading room), or take what machines made with --include draft"
        )
    made = documents_of(archive, entries)
    heard_more, unread_s = _heard_more(archive, made), _unread_s(archive)
    recordings = {each.id: each for each in archive.recordings()}
    conferences = {panel.id: each for each in archive.conferences() for panel in each.panels}
    by_panel: dict[str, list[Document]] = {}
    for document in made:
        by_panel.setdefault(document.panel.id, []).append(document)
    said: dict[str, list[Entry]] = {}
    for entry in entries:
        said.setdefault(entry.panel_id, []).append(entry)
    rank = {panel_id: number for number, panel_id in enumerate(site.order)}
    order = sorted(by_panel, key=lambda each: rank.get(each, len(rank)))
    unknown = [each for each in site.order if each not in by_panel]
    panels: list[PublishedPanel] = []
    notes = [f"'order' names {', '.join(unknown)}, of which nothing is published"] if unknown else []
    for slug, panel_id in zip(slugs(order), order, strict=True):
        mine = [recordings[each.recording.id] for each in by_panel[panel_id]]
        media, more = _media(mine, heard_more)
        more += [
            f"its sound has {unread_s[each]:.0f} s of speech that was not transcribed, so that nobody has "
            "read it: listen to it first ('symposia report' says when it is)"
            for each in media
            if unread_s.get(each, 0.0) >= 1
        ]
        silent = len(media) < sum(each.kind != "captions" for each in mine)
        named = [replace(each, path=Path(each.path).name) for each in mine]  # pages depend on no place
        reading = reading_of(frame_of(conferences[panel_id], panel_id, named), said[panel_id], silent=silent)
        pages = tuple(_pages(reading, by_panel[panel_id]))
        panels.append(
            PublishedPanel(slug, reading, tuple(by_panel[panel_id]), media if with_media else {}, pages)
        )
        notes += [f"{panel_id}: {note}" for note in more if with_media]
    return panels, notes


def _media(mine: Sequence[Recording], heard_more: set[str]) -> tuple[dict[str, Recording], list[str]]:
    """The recordings that may be heard and can be, and why others are not among them."""
    media, notes = {}, []
    for each in mine:
        if each.kind == "captions":
            continue
        if each.id in heard_more:
            notes.append("its sound is left out, as not all that is heard in it is published")
        elif not _is_playable(each):
            notes.append(f"its sound is left out, as no file that browsers play is at {each.path}")
        else:
            media[each.id] = each
    return media, notes


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


def _heard_more(archive: Archive, shown: Sequence[Document]) -> set[str]:
    """Recordings in which more can be heard than is published."""
    counted = select(schema.readings.c.recording_id, func.count()).group_by(schema.readings.c.recording_id)
    with archive.reading() as connection:
        total: dict[str, int] = dict(connection.execute(counted).tuples().all())
        silent = silenced(connection, [each.recording.id for each in shown])
    return silent | {
        each.recording.id for each in shown if len(each.remarks) < total.get(each.recording.id, 0)
    }


def _unread_s(archive: Archive) -> dict[str, float]:
    """Seconds of speech in each recording that were heard and not transcribed."""
    gaps = schema.gaps.c
    summed = select(gaps.recording_id, func.sum(gaps.end_s - gaps.start_s)).group_by(gaps.recording_id)
    with archive.reading() as connection:
        return dict(connection.execute(summed).tuples().all())


def _is_playable(recording: Recording) -> bool:
    path = place_at(recording.path)
    return recording.kind != "captions" and path.suffix.lower() in MEDIA_TYPES and is_there(path)


def _pages(reading: PanelReading, mine: Sequence[Document]) -> Iterator[range]:
    """The passages of each page.

    Pages hold the same number of passages, fewer only where these are very long, so that a
    correction hardly ever moves a passage to another page.
    """
    remarks = [remark for document in mine for remark in document.remarks]
    start, letters = 0, 0
    for number, remark in enumerate(remarks):
        size = len(remark.text) + sum(len(each.text) for each in remark.renderings)
        if number > start and (number - start == A_PAGE or letters + size > A_PAGE_LETTERS):
            yield range(start, number)
            start, letters = number, 0
        letters += size
    yield range(start, len(remarks))


__all__ = ["PublishedPanel", "published", "slugs"]
