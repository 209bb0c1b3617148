"""`symposia search`: ask the index, show the hits."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from transcripts.archive import Archive
from transcripts.errors import ArchiveError, ModelError
from transcripts.search import Embed, Hit, SearchIndex, SearchQuery


def search_archive(directory: Path, query: SearchQuery, form: str) -> None:
    """Search and print. Raises ArchiveError when there is no archive, or a filter names nothing in it."""
    with Archive.open(directory) as archive:
        _check_filters(archive, query)
        hits = find(archive, query)
    if form == "json":
        json.dump([asdict(hit) for hit in hits], sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    elif form == "csv":
        _write_csv(hits)
    else:
        show_hits(hits, directory)


def find(archive: Archive, query: SearchQuery) -> list[Hit]:
    """The hits for a query; where the archive's embedding model is not at hand, by words alone."""
    wants_meaning = query.text.strip() and query.mode != "words"
    return SearchIndex.open(archive).search(query, query_embedder(archive) if wants_meaning else None)


def query_embedder(archive: Archive) -> Embed | None:
    """What embeds a query with the model that embedded the archive."""
    from nlp.embeddings import EmbeddingOptions, load_embedder

    model = archive.embedding_model()
    if model is None:
        return None
    try:
        return load_embedder(EmbeddingOptions(model), lambda line: None).query
    except ModelError as error:
        sys.stderr.write(f"symposia: searching by words alone: {error}\n")
        return None


def _check_filters(archive: Archive, query: SearchQuery) -> None:
    """Say which values there are when a filter can match nothing."""
    themes = {theme.id: theme.name for each in archive.conferences() for theme in each.themes}
    panels = {panel.id: panel.title for panel in archive.panels()}
    for option, value, known in (("--theme", query.theme, themes), ("--panel", query.panel, panels)):
        names = {name.casefold() for pair in known.items() for name in pair}
        if value is not None and value.casefold() not in names:
            choice = ", ".join(sorted(known)) or "none"
            raise ArchiveError(f"{option} {value!r} is not in the archive: choose from {choice}.")


def show_hits(hits: Sequence[Hit], directory: Path) -> None:
    """Hits for people to read: where, who, the words, their translation, the themes."""
    console = Console(highlight=False)
    if not hits:
        console.print(
            f"nothing found; 'symposia status --archive {directory}' tells what there is.", markup=False
        )
    for number, hit in enumerate(hits, 1):
        minutes, seconds = divmod(int(hit.start_s), 60)
        themes = ", ".join(theme["id"] for theme in hit.themes) or "no theme"
        who = hit.speaker or "unknown speaker"
        console.print(
            f"{number}. {hit.panel} {minutes}:{seconds:02d}  {who}  [{hit.language}]  {themes}  "
            f"({' + '.join(hit.matched_by) or 'filter'})",
            style="bold",
            markup=False,
        )
        console.print(f"   {hit.text}", markup=False)
        if hit.translation:
            console.print(f"   → {hit.translation}", markup=False, style="italic")


def _write_csv(hits: Sequence[Hit]) -> None:
    columns = [
        "passage_id",
        "panel",
        "recording",
        "start_s",
        "end_s",
        "speaker",
        "language",
        "text",
        "translation",
    ]
    writer = csv.writer(sys.stdout)
    writer.writerow([*columns, "themes", "score", "matched_by"])
    for hit in hits:
        row = asdict(hit)
        themes = " ".join(theme["id"] for theme in hit.themes)
        writer.writerow([*(row[name] for name in columns), themes, hit.score, " ".join(hit.matched_by)])
