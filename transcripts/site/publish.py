"""A whole site of an archive: which files there are, what each is made of, and where it goes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from transcripts.archive import Archive
from transcripts.document import Document
from transcripts.errors import ArchiveError
from transcripts.files import hash_of_file, place_at
from transcripts.formats.captions import ORIGINAL, captions, tracks
from transcripts.formats.containers import zipped
from transcripts.formats.subtitles import write_vtt
from transcripts.formats.writers import WRITERS, file_name
from transcripts.records import digest_of, running_version
from transcripts.site.content import PublishedPanel, published, slugs
from transcripts.site.folder import MARKER, Content, NewFolder, digest_of_content, folder_made_anew
from transcripts.site.iiif import Track, manifest
from transcripts.site.metadata import feed, sitemap
from transcripts.site.pages import HERE, STATIC, Extras, Page, Pages, word_times
from transcripts.site.search_index import Record, part_files, part_records, parts
from transcripts.site.settings import Site

WEB = HERE.parent / "web" / "static"
MAKERS = 2  # parts of the search index that are made at once
READ_BY_PEOPLE = ("txt", "md", "docx", "epub", "pdf")  # offered as they are; other formats as a zip file
Begun = tuple[str, str, Future[dict[str, bytes]]]  # a group's name, what it is made of, and its files
_SHARED = ("mark.svg", "player.js", "style.css")  # with the reading room


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published: files written and taken over, panels, passages, and what a person should know."""

    written: int
    kept: int
    panels: int
    passages: int
    notes: tuple[str, ...]


def publish(
    archive: Archive, out: Path, site: Site, *, include: str = "approved", with_media: bool = True
) -> Publication:
    """Make the site in `out`, or make it anew there; what has not changed is taken over.

    Raises ArchiveError where nothing may be published, and SymposiaError where `out` holds what others
    wrote or cannot be written; then it is as it was.
    """
    try:
        panels, notes = published(archive, site, include, with_media=with_media)
    except ArchiveError as error:  # all of it may be withheld since: nobody else will tell
        there = f"; the site that is in {out} stays until you remove it" if (out / MARKER).exists() else ""
        raise ArchiveError(f"{error}{there}") from error
    with folder_made_anew(out) as folder, ThreadPoolExecutor(MAKERS) as makers:
        work = _Work(site, panels, include, folder)
        search = work.begin_search(makers)
        notes += work.media_notes
        work.pages()
        work.end_search(search)
    passages = sum(len(each.reading.lines) for each in panels)
    return Publication(folder.written, folder.kept, len(panels), passages, tuple(notes))


class _Work:
    """The groups of files of one site, put into its folder one after the other."""

    def __init__(self, site: Site, panels: Sequence[PublishedPanel], include: str, folder: NewFolder) -> None:
        self.site, self.include, self.folder = site, include, folder
        code = [*sorted(HERE.glob("*.py")), *sorted((HERE.parent / "formats").glob("*.py"))]
        code += [HERE.parent / name for name in ("analysis.py", "folding.py")]  # of the words of its search
        seen = [hashlib.sha256(path.read_bytes()).hexdigest() for path in code]
        self._version = digest_of([running_version(), include, seen])
        self._seen = {each.slug: _digests(each) for each in panels}
        self._content = {
            each.slug: digest_of_content(
                [[replace(one, remarks=()) for one in each.documents], self._seen[each.slug]]
            )
            for each in panels
        }
        self._parts = parts(panels)
        self.media_notes: list[str] = []
        self.media = self._media(panels)
        self.panels = [_with_media(each, self.media) for each in panels]

    def begin_search(self, makers: ThreadPoolExecutor) -> list[Begun]:
        """Parts of the index that have changed are begun, beside everything else; others are taken over."""
        begun: list[Begun] = []
        for number, mine in enumerate(self._parts, 1):
            made_of = self._made_of([self._page_seen(panel, page) for panel, page in mine])
            name = f"search/{number}"
            if self.folder.has(name, made_of):
                self.folder.add(name, made_of, dict)
            else:
                # The first are read here, as nothing else is to be done yet; others when their turn comes.
                records = part_records(mine) if len(begun) < MAKERS else None
                make = partial(_part_made, mine, records, with_program=number == 1)
                begun.append((name, made_of, makers.submit(make)))
        return begun

    def end_search(self, begun: Sequence[Begun]) -> None:
        for name, made_of, future in begun:
            self.folder.add(name, made_of, partial(_part, name, future))

    def pages(self) -> None:
        """Everything but the index and the media."""
        self._assets()
        extras = Extras(
            downloads=self._downloads(),
            parts=[f"search/{number}" for number, _ in enumerate(self._parts, 1)],
            media=self.media,
            tracks=self._tracks,
            seen=self._seen,
        )
        first: Pages | None = None
        addresses: list[str] = []
        for code in self.site.languages:
            pages = Pages(self.site, self.panels, self.include, code, extras)
            first = first or pages
            for page in pages.all():
                self.folder.add(page.path, page.made_of, partial(_rendered, pages, page))
                addresses.append(page.path)
            for panel in self.panels:
                places_of = _places(panel)
                self._file(
                    f"{pages.prefix}panels/{panel.slug}/places.json", places_of, partial(_compact, places_of)
                )
        for panel in self.panels:
            for number, places in enumerate(panel.pages, 1):
                path = f"panels/{panel.slug}/words-{number}.json"
                seen = self._page_seen(panel, number - 1)
                self._file(path, seen, partial(_word_times, panel, places))
        if self.site.address and first is not None:
            self._for_programs(first.title, addresses)

    def _for_programs(self, title: str, addresses: Sequence[str]) -> None:
        site = self.site
        robots = "User-agent: *\nDisallow: /\n"
        if self.include == "approved":
            self._file("sitemap.xml", [addresses, site.address], partial(sitemap, site, addresses))
            robots = f"User-agent: *\nAllow: /\nSitemap: {site.address}sitemap.xml\n"
        self._file("robots.txt", robots, lambda: robots)
        told = [(each.title, each.reading.held_on, each.reading.voices) for each in self.panels]
        self._file("feed.xml", [title, site.address, told], partial(feed, site, title, self.panels))
        for panel in self.panels:
            made_of = [repr(site), self._content[panel.slug], sorted(self.media.items())]
            make = partial(manifest, panel, site, self.media, self._tracks)
            self._file(f"iiif/{panel.slug}.json", made_of, make)

    def _assets(self) -> None:
        files: dict[str, Content] = {f"assets/{name}": (WEB / name).read_bytes() for name in _SHARED}
        files |= {f"assets/{path.name}": path.read_bytes() for path in sorted(STATIC.iterdir())}
        files["assets/site.css"] = (STATIC / "site.css").read_text("utf-8") + _colours(self.site)
        if self.site.logo is not None:
            files[f"assets/logo{self.site.logo.suffix.lower()}"] = self.site.logo.read_bytes()
        self.folder.add("assets", digest_of_content(files), lambda: files)

    def _media(self, panels: Sequence[PublishedPanel]) -> dict[str, str]:
        """Where the sound of each recording is, by its id. It is taken only if it is what was transcribed."""
        recordings = [each for panel in panels for each in panel.media.values()]
        places: dict[str, str] = {}
        for slug, recording in zip(slugs(each.id for each in recordings), recordings, strict=True):
            source = place_at(recording.path)
            path = f"media/{slug}{source.suffix.lower()}"
            taken_over = self.folder.has(path, recording.sha256)
            if trouble := "" if taken_over else _trouble_with(source, recording.sha256):
                self.media_notes.append(f"{recording.panel_id}: {source} {trouble}; its sound is left out")
                continue
            self.folder.add(path, recording.sha256, partial(_copied, path, source))
            places[recording.id] = path
        return places

    @cached_property
    def _tracks(self) -> dict[str, list[Track]]:
        """The captions of each recording: track, language, path."""
        return {
            document.recording.id: [
                (
                    track,
                    document.languages[0] if track == "original" else track,
                    f"downloads/{panel.slug}/{name}",
                )
                for track, name in _track_names(panel, document)
            ]
            for panel in self.panels
            for document in panel.documents
        }

    def _downloads(self) -> dict[str, list[tuple[str, str, int]]]:
        """What can be taken away of each panel: format, name of the file, size in bytes."""
        offered: dict[str, list[tuple[str, str, int]]] = {}
        for panel in self.panels:
            mine = offered.setdefault(panel.slug, [])
            place = f"downloads/{panel.slug}"
            for document in panel.documents:
                for track, name in _track_names(panel, document):
                    make = partial(_captions, document, track)
                    size = self._file(f"{place}/{name}", [track, _told_in(document, track)], make)
                    mine.append(("vtt", name, size))
            made_of = self._made_of(self._content[panel.slug])
            forms = [form for form in self.site.downloads if form != "vtt"]
            for form in (form for form in forms if form in READ_BY_PEOPLE):
                files = self.folder.add(f"{place} {form}", made_of, partial(_download, panel, form, place))
                mine += [
                    (form, path.removeprefix(f"{place}/"), size) for path, (_, size) in sorted(files.items())
                ]
            if data := [form for form in forms if form not in READ_BY_PEOPLE]:
                name = f"{panel.slug}-data.zip"
                size = self._file(f"{place}/{name}", [made_of, data], partial(_zipped, panel, data))
                mine.append(("zip", name, size))
        return offered

    def _page_seen(self, panel: PublishedPanel, page: int) -> list[object]:
        """What the passages of a page are made of."""
        places = panel.pages[page]
        return [panel.slug, panel.title, page, self._seen[panel.slug][places.start : places.stop]]

    def _file(self, path: str, made_of: object, make: Callable[[], Content]) -> int:
        """Put one file into the folder; its size in bytes."""
        return self.folder.add(path, self._made_of(made_of), lambda: {path: make()})[path][1]

    def _made_of(self, *what: object) -> str:
        return digest_of_content((self._version, what))


def _rendered(pages: Pages, page: Page) -> dict[str, Content]:
    return {page.path: pages.render(page)}


def _download(panel: PublishedPanel, form: str, place: str) -> dict[str, Content]:
    return {f"{place}/{each.name}": each.content for each in WRITERS[form](panel.documents)}


def _zipped(panel: PublishedPanel, forms: Sequence[str]) -> bytes:
    """What programs read of a panel, as one file: a fifth of the size."""
    made = [each for form in forms for each in WRITERS[form](panel.documents)]
    contents = ((each.name, each.content) for each in made)
    return zipped((name, text.encode() if isinstance(text, str) else text) for name, text in contents)


def _captions(document: Document, track: str) -> str:
    return write_vtt(captions(document, track), laid_out=True)


def _told_in(document: Document, track: str) -> list[object]:
    """What the captions of a track are made of."""
    told: list[object] = []
    for each in document.remarks:
        if track in (ORIGINAL, each.language):
            told.append((each.id, each.span, each.speaker, each.language, each.text, each.words))
        elif (rendering := each.rendering(track)) is not None:
            told.append((each.id, each.span, each.speaker, rendering.text))
    return told


def _digests(panel: PublishedPanel) -> list[str]:
    """The digest of all that is known of each passage."""
    return [digest_of_content(each) for each in zip(panel.reading.lines, panel.remarks, strict=True)]


def _track_names(panel: PublishedPanel, document: Document) -> list[tuple[str, str]]:
    number = panel.documents.index(document) + 1
    start = panel.slug if number == 1 else f"{panel.slug}-{number}"
    told = dict.fromkeys((ORIGINAL, *document.rendered_languages))
    return [(track, f"{start}.{file_name(track)}.vtt") for track in tracks(document) if track in told]


def _places(panel: PublishedPanel) -> dict[str, int]:
    """The page of each passage, from 0, where there is more than one."""
    if len(panel.pages) == 1:
        return {}
    lines = panel.reading.lines
    return {lines[at].entry.passage.id: page for page, places in enumerate(panel.pages) for at in places}


def _colours(site: Site) -> str:
    if not site.accent:
        return ""
    # What is dark enough on white cannot be read on black: a lighter one of its kind can, whatever it is.
    dark = site.accent_dark or f"color-mix(in srgb, {site.accent} 40%, white)"
    return f"\n:root {{ --accent: light-dark({site.accent}, {dark}); }}\n"


def _with_media(panel: PublishedPanel, places: Mapping[str, str]) -> PublishedPanel:
    """The panel with the recordings that were taken: pages have no player for others."""
    media = {name: recording for name, recording in panel.media.items() if name in places}
    silent = panel.reading.silent or len(media) < len(panel.media)
    return replace(panel, media=media, reading=replace(panel.reading, silent=silent))


def _trouble_with(source: Path, sha256: str) -> str:
    """Why a recording cannot be published, in words; '' where it is the file that was transcribed."""
    try:
        same = hash_of_file(source, "sha256") == sha256
        return "" if same else "is another file than the one that was transcribed"
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"


def _copied(path: str, source: Path) -> dict[str, Content]:
    return {path: source}


def _part_made(
    mine: Sequence[tuple[PublishedPanel, int]], records: Sequence[Record] | None, *, with_program: bool
) -> dict[str, bytes]:
    return part_files(part_records(mine) if records is None else records, with_program=with_program)


def _part(folder: str, future: Future[dict[str, bytes]]) -> dict[str, Content]:
    return {f"{folder}/{name}": content for name, content in future.result().items()}


def _word_times(panel: PublishedPanel, places: range) -> str:
    return _compact({"passages": word_times(panel, places)})


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


__all__ = ["Publication", "publish"]
