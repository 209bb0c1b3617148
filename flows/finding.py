"""`symposia search` and `symposia index`: ask the index, show or export the hits, make it anew."""

from __future__ import annotations

import dataclasses
import sys

from rich.console import Console
from rich.text import Text

from transcripts.archive import Archive
from transcripts.citations import EXPORTS, UNKNOWN_SPEAKER, time_code
from transcripts.errors import ArchiveError, ModelError
from transcripts.place import Place
from transcripts.query import SearchQuery
from transcripts.results import Hit, Mark, Results
from transcripts.search import Embed, SearchIndex


def search_archive(place: Place, query: SearchQuery, form: str, base: str = "") -> None:
    """Search and print; `base` is the web app's address for links.

    Raises ArchiveError when there is no archive.
    """
    with Archive.open(place) as archive:
        results = find(archive, query)
    for notice in results.notices:
        sys.stderr.write(f"symposia: {notice}\n")
    if form in EXPORTS:
        sys.stdout.write(EXPORTS[form](results.hits, base))
    else:
        show_results(results, query, place)


def find(archive: Archive, query: SearchQuery) -> Results:
    """What the archive has on a query; where its embedding model is not at hand, by words alone."""
    wants_meaning = query.sought and query.mode != "words"
    return SearchIndex.open(archive, query_embedder(archive) if wants_meaning else None).find(query)


def query_embedder(archive: Archive) -> Embed | None:
    """What embeds a query with the model that embedded the archive; None where it is not at hand."""
    from nlp.embeddings import EmbeddingOptions, load_embedder

    model = archive.embedding_model()
    if model is None:
        return None
    try:
        return load_embedder(EmbeddingOptions(model), lambda line: None).query
    except ModelError as error:
        sys.stderr.write(f"symposia: {error}\n")
        return None


def narrowed(query: SearchQuery, **filters: str | None) -> SearchQuery:
    """A query with further filters, by the names of its fields; those that are None are left out."""
    more = {name: (*getattr(query, name), value) for name, value in filters.items() if value}
    return dataclasses.replace(query, **more)  # type: ignore[arg-type]


def check_names(place: Place, theme: str | None, panel: str | None) -> None:
    """Say which values there are when an option names nothing. Raises ArchiveError."""
    with Archive.open(place) as archive:
        themes = {theme.id: theme.name for each in archive.conferences() for theme in each.themes}
        panels = {panel.id: panel.title for panel in archive.panels()}
    for option, value, known in (("--theme", theme, themes), ("--panel", panel, panels)):
        names = {name.casefold() for pair in known.items() for name in pair}
        if value is not None and value.casefold() not in names:
            choice = ", ".join(sorted(known)) or "none"
            raise ArchiveError(f"{option} {value!r} is not in the archive: choose from {choice}.")


def index_archive(place: Place, rebuild: bool) -> None:
    """Bring an archive's search index up to date, or make it anew."""
    with Archive.open(place) as archive:
        index = SearchIndex.open(archive)
        if rebuild:
            index.rebuild()
        total = index.find(SearchQuery(limit=1), restricted=True).total
    print(f"{total} passages are in the search index of {place}")


def show_results(results: Results, query: SearchQuery, place: Place) -> None:
    """Hits for people to read: where, who, the words, their translation, the themes with their evidence."""
    console = Console(highlight=False)
    if not results.hits:
        what = f"there are {results.total} hits, fewer than asked for" if results.total else "nothing found"
        console.print(f"{what}; 'symposia status --archive {place}' tells what there is.", markup=False)
        return
    first = query.offset + 1
    console.print(f"{first}–{query.offset + len(results.hits)} of {results.total}", style="dim", markup=False)
    for number, hit in enumerate(results.hits, first):
        _show_hit(number, hit, console)


def _show_hit(number: int, hit: Hit, console: Console) -> None:
    entry, passage = hit.entry, hit.entry.passage
    who = entry.speaker or UNKNOWN_SPEAKER
    themes = ", ".join(theme for theme, _ in entry.themes) or "no theme"
    place = f"{entry.panel_id} {time_code(passage.span.start_s)}"
    console.print(
        f"{number}. {place}  {who}  [{passage.language}]  {themes}  "
        f"({' + '.join(hit.matched_by) or 'filter'}; {entry.state})  {passage.id}",
        style="bold",
        markup=False,
    )
    console.print(_marked("   ", passage.text, hit.text_marks))
    if entry.translation:
        console.print(_marked("   → ", entry.translation, hit.translation_marks), style="italic")
    for theme, _ in entry.themes:
        evidence = entry.evidence.get(theme)
        if evidence:
            console.print(
                f"   {theme}: “{passage.text[slice(*evidence)].strip()}”", style="dim", markup=False
            )


def _marked(before: str, text: str, marks: tuple[Mark, ...]) -> Text:
    line = Text(before + text)
    for start, end in marks:
        line.stylize("underline", len(before) + start, len(before) + end)
    return line
