"""The pages of a site, in each language of its interface: what each shows, and what it is made of.

A page is made again only where something that it shows has changed. Addresses are relative, so that a
site works at any place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from jinja2 import Environment, TemplateError
from markupsafe import Markup

from transcripts.analysis import COMMON
from transcripts.citations import citation_parts
from transcripts.document import is_unseen
from transcripts.errors import ConfigurationError
from transcripts.holdings import Entry
from transcripts.records import digest_of, running_version
from transcripts.site.content import PublishedPanel
from transcripts.site.folder import digest_of_content
from transcripts.site.markdown import as_html
from transcripts.site.metadata import event, page_path, series
from transcripts.site.search_index import filter_word
from transcripts.site.settings import Site
from transcripts.site.shelves import Shelves, ThemeShelf
from transcripts.web import glance
from transcripts.web.glance import PanelGlance
from transcripts.web.reading import timed_words
from transcripts.web.templating import TEMPLATES as SHARED
from transcripts.web.templating import environment_of
from transcripts.web.wording import INTERFACES, LOCALES, Wording, direction_of, wording

HERE = Path(__file__).parent
TEMPLATES, STATIC = HERE / "templates", HERE / "static"
ROWS_A_PAGE = 600  # of lists: a row has 200 to 400 bytes
QUOTES_A_PAGE, PANELS_A_PAGE = 100, 20

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page:
    """A page that is to be there: its path in the site, and the digest of what it is made of."""

    path: str
    template: str
    made_of: str
    context: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Extras:
    """Files that pages refer to.

    By panel, those to download (format, name, size in bytes); the parts of the index; by recording,
    where its sound lies and its captions (track, language, path). `seen` are digests of all that is
    known of each passage, by panel.
    """

    downloads: Mapping[str, Sequence[tuple[str, str, int]]]
    parts: Sequence[str]
    media: Mapping[str, str]
    tracks: Mapping[str, Sequence[tuple[str, str, str]]]
    seen: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Card:
    """What lists show of a panel."""

    slug: str
    title: str
    is_heard: bool
    glance: PanelGlance


class Pages:
    """The pages of a site in one language of the interface."""

    def __init__(
        self, site: Site, panels: Sequence[PublishedPanel], include: str, code: str, extras: Extras
    ) -> None:
        self.site, self.panels, self.include = site, panels, include
        self.words: Wording = wording(code)
        self.prefix = "" if code == site.languages[0] else f"{code}/"
        self.shelves = Shelves(panels)
        self.title = site.title or next(iter(dict.fromkeys(each.reading.conference for each in panels)))
        self.extras, self.downloads, self.parts = extras, extras.downloads, extras.parts
        self.glances = {each.slug: glance.glance_at(each.reading) for each in panels}

    @cached_property
    def environment(self) -> Environment:
        """Templates of the organisers first. Everything is escaped; an unknown name is an error."""
        folders = [*([self.site.templates] if self.site.templates else []), TEMPLATES, SHARED]
        made = environment_of(folders, self.words)
        made.globals.update(
            site=self.site,
            site_title=self.title,
            include=self.include,
            interfaces={code: INTERFACES[code] for code in self.site.languages},
            introduction=as_html(self.site.introduction),
            about=as_html(self.site.about),
            citation=cited,
            logo=f"assets/logo{self.site.logo.suffix.lower()}" if self.site.logo else "",
            iiif=bool(self.site.address),
            theme_slugs=self.shelves.theme_slugs,
            is_unseen=is_unseen,
        )
        return made

    @cached_property
    def frame(self) -> str:
        """The digest of what every page is made of: settings, templates, texts of the interface."""
        folders = [
            TEMPLATES,
            SHARED,
            STATIC,
            LOCALES / self.words.code,
            *([self.site.templates] if self.site.templates else []),
        ]
        files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
        code = [*sorted(HERE.glob("*.py")), *files]
        seen = [hashlib.sha256(path.read_bytes()).hexdigest() for path in code]
        logo = hashlib.sha256(self.site.logo.read_bytes()).hexdigest() if self.site.logo else ""
        return digest_of([seen, repr(self.site), logo, self.include, self.title, running_version()])

    def all(self) -> Iterator[Page]:
        """Every page."""
        cards = [
            Card(each.slug, each.title, bool(each.media), self.glances[each.slug]) for each in self.panels
        ]
        home = self._home()
        yield self._page(
            "index.html",
            "home.html",
            [cards, home],
            cards=cards,
            structured_site=series(self.panels, self.site, self.title),
            **home,
        )
        yield from self._list("panels/index", "panels.html", cards, lambda _: ROWS_A_PAGE // PANELS_A_PAGE)
        for panel in self.panels:
            yield from self._panel(panel)
        yield from self._list(
            "speakers", "speakers.html", self.shelves.speakers, lambda each: 1 + len(each.panels)
        )
        yield self._page("themes/index.html", "themes.html", themes=self.shelves.themes)
        for theme in self.shelves.themes:
            yield from self._theme(theme)
        shelves = self.shelves
        found_by = [shelves.languages, shelves.speakers, shelves.themes, self.parts]
        yield self._page("search.html", "search.html", found_by, shelves=shelves, **self._search())
        yield self._page("about.html", "about.html", models=self.shelves.models, example=self._example())
        files = [(each.slug, each.title, self.downloads[each.slug]) for each in self.panels]
        yield from self._list("downloads", "downloads.html", files, lambda each: 1 + len(each[2]))

    def render(self, page: Page) -> str:
        """The text of a page. Raises ConfigurationError where a template of the organisers is wrong."""
        root = "../" * page.path.count("/")
        inner = page.path.removeprefix(self.prefix)
        here = root + self.prefix
        address = self.site.address + quote(page.path) if self.site.address else ""
        try:
            return self.environment.get_template(page.template).render(
                **page.context,
                path=inner,
                root=root,
                to=lambda path: here + path,
                at=lambda panel, passage: here + self.place_of(panel, passage),
                address=address,
                alternates={
                    code: root + ("" if code == self.site.languages[0] else f"{code}/") + inner
                    for code in self.site.languages
                },
            )
        except Exception as error:  # a template of the organisers may raise anything
            if not (self.site.templates or isinstance(error, TemplateError)):
                raise
            where = getattr(error, "filename", None) or page.template
            raise ConfigurationError(
                f"the template {where} cannot be used for {page.path} ({error}): correct it, or remove it"
            ) from error

    def place_of(self, panel: PublishedPanel, number: int) -> str:
        """The address of a passage of a panel (by its place), from the root of this language."""
        page = next(n for n, page in enumerate(panel.pages) if number in page)
        passage = panel.reading.lines[number].entry.passage
        return f"{page_path(panel.slug, page)}?t={int(passage.span.start_s)}#{quote(passage.id, safe='')}"

    def _page(self, path: str, template: str, made_of: object = None, **context: Any) -> Page:
        digest = digest_of([self.frame, path, digest_of_content(context if made_of is None else made_of)])
        return Page(self.prefix + path, template, digest, context)

    def _home(self) -> dict[str, Any]:
        return {
            "total": self._total(),
            "themes": self.shelves.themes,
            "conferences": list(dict.fromkeys(each.reading.conference for each in self.panels)),
            "days": sorted({each.reading.held_on for each in self.panels if each.reading.held_on}),
            "people": [each.name for each in self.shelves.speakers],
        }

    def _total(self) -> dict[str, Any]:
        languages: dict[str, float] = {}
        for each in self.glances.values():
            for code, seconds in each.languages_s.items():
                languages[code] = languages.get(code, 0.0) + seconds
        spoken = sum(languages.values()) or 1.0
        return {
            "minutes": round(sum(each.duration_s for each in self.glances.values()) / 60),
            "passages": sum(each.passages for each in self.glances.values()),
            "voices": len({voice for each in self.glances.values() for voice in each.voices}),
            "languages": [
                (code, seconds, round(100 * seconds / spoken))
                for code, seconds in sorted(languages.items(), key=lambda each: -each[1])
            ],
        }

    def _search(self) -> dict[str, Any]:
        spoken = [
            *self.shelves.languages,
            *(code for each in self.panels for code in each.rendered_languages),
        ]
        return {
            "parts_of_index": list(self.parts),
            "language_names": {code: self.words.language(code) for code in sorted(set(spoken))},
            "directions": {code: direction_of(code) for code in sorted(set(spoken))},
            "filter_word": filter_word,
            "common_words": " ".join(sorted(COMMON)),
        }

    def _example(self) -> Markup:
        """The citation of the first passage that a named person said."""
        lines = [line for panel in self.panels for line in panel.reading.lines]
        named = (line.entry for line in lines if line.entry.passage.speaker_id and line.entry.themes)
        return cited(next(named, lines[0].entry))

    def _panel(self, panel: PublishedPanel) -> Iterator[Page]:
        remarks = panel.remarks
        lanes = [each for each in glance.lanes_of(panel.reading, with_voices=True) if each.kind != "doubts"]
        starts = [_start_of(panel, page) for page in panel.pages]
        head = [
            panel.reading.title,
            panel.reading.held_on,
            panel.reading.conference,
            panel.reading.voices,
            panel.documents[0].panel,
            [each.recording for each in panel.documents],
            list(panel.media),
            lanes,
            starts,
            panel.rendered_languages,
            panel.reading.themes,
        ]
        for number, page in enumerate(panel.pages):
            lines = [(at, panel.reading.lines[at], remarks[at]) for at in page]
            yield self._page(
                page_path(panel.slug, number),
                "panel.html",
                made_of=[head, page, self.extras.seen[panel.slug][page.start : page.stop]],
                panel=panel,
                lines=lines,
                number=number,
                lanes=lanes,
                rendered_languages=panel.rendered_languages,
                starts=starts,
                glance=self.glances[panel.slug],
                address_of=partial(page_path, panel.slug),
                media={
                    each.recording.id: self.extras.media.get(each.recording.id, "")
                    for each in panel.documents
                },
                tracks={
                    each.recording.id: self.extras.tracks.get(each.recording.id, ())
                    for each in panel.documents
                },
                downloads=self.downloads[panel.slug],
                structured=event(panel, self.site, self.title, self.extras.media) if number == 0 else "",
            )

    def _theme(self, theme: ThemeShelf) -> Iterator[Page]:
        seen = self.extras.seen
        quotes = [
            (panel, at, [theme, panel.slug, panel.title, panel.pages, seen[panel.slug][at]])
            for panel, at in self.shelves.quotes(theme.id)
        ]
        rows = ROWS_A_PAGE // QUOTES_A_PAGE
        yield from self._list(
            f"themes/{theme.slug}", "theme.html", quotes, lambda _: rows, lambda each: each[2], theme=theme
        )

    def _list(
        self,
        start: str,
        template: str,
        items: Sequence[Item],
        rows: Callable[[Item], int],
        told: Callable[[Item], object] = lambda each: each,
        **context: Any,
    ) -> Iterator[Page]:
        """A list over as many pages as its rows take; `told` is what is shown of an item."""
        pages: list[list[Item]] = [[]]
        taken = 0
        for each in items:
            if pages[-1] and taken + rows(each) > ROWS_A_PAGE:
                pages.append([])
                taken = 0
            pages[-1].append(each)
            taken += rows(each)
        for number, page in enumerate(pages):
            yield self._page(
                list_path(start, number),
                template,
                [len(pages), [told(each) for each in page]],
                items=page,
                number=number,
                pages=len(pages),
                address_of=partial(list_path, start),
                **context,
            )


def list_path(start: str, number: int) -> str:
    """The path of a page of a list, counted from 0."""
    return f"{start}{f'-{number + 1}' if number else ''}.html"


def word_times(panel: PublishedPanel, places: range) -> dict[str, list[int]]:
    """When the words of the passages of a page are said; see `timed_words`."""
    page = panel.remarks[places.start : places.stop]
    return {remark.id: timed_words(remark.text, remark.words) for remark in page if remark.words}


def cited(entry: Entry) -> Markup:
    """A citation whose parts keep their places: else a Persian title would stand before a Persian speaker."""
    parts = (Markup("<bdi>{}</bdi>").format(part) for part in citation_parts(entry))
    return Markup(", ").join(parts) + "."


def _start_of(panel: PublishedPanel, page: range) -> list[float]:
    """The recording and the second at which a page begins."""
    line = panel.reading.lines[page.start]
    return [line.recording, line.entry.passage.span.start_s]


__all__ = ["HERE", "STATIC", "Extras", "Page", "Pages", "word_times"]
