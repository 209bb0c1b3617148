"""The commands that write and read other people's formats. Added to the command line by `cli`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.cli_options import ArchivePlace


class ExportFormat(StrEnum):
    """What `export` writes; the writers are in `transcripts/formats/writers.py`."""

    srt = "srt"
    vtt = "vtt"
    txt = "txt"
    md = "md"
    docx = "docx"
    epub = "epub"
    pdf = "pdf"
    csv = "csv"
    jsonl = "jsonl"
    tei = "tei"
    exb = "exb"
    eaf = "eaf"
    textgrid = "textgrid"
    rttm = "rttm"
    ctm = "ctm"


def export(
    archive: ArchivePlace,
    form: Annotated[ExportFormat, typer.Option("--format", help="What to write.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File or folder to write.", metavar="OUT")],
    panel: Annotated[str | None, typer.Option(help="Only this panel (id).", metavar="P")] = None,
    track: Annotated[
        str | None, typer.Option(help="Of captions: original, or a language (code).", metavar="T")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that others wrote.")] = False,
) -> None:
    """Write what may be shown in a format that other programs read.

    OUT is a file where the export has one and OUT has a suffix, as in panel.xml; else a folder.
    """
    from flows.exporting import Export, export_archive

    export_archive(archive, Export(panel, form.value, track, force), output)


def import_corrections(
    file: Annotated[
        Path, typer.Argument(help="SRT, VTT, TEI, .exb, .eaf, JSON lines or JSON.", metavar="FILE")
    ],
    archive: ArchivePlace,
    panel: Annotated[str, typer.Option(help="The panel that it is of (id).", metavar="P")],
    reviewer: Annotated[str, typer.Option(help="Who corrected it.", metavar="NAME")],
    track: Annotated[
        str | None,
        typer.Option(help="Of captions: original, or a language; else by FILE's name.", metavar="T"),
    ] = None,
    make: Annotated[bool, typer.Option("--apply", help="Make the corrections, not only list them.")] = False,
) -> None:
    """List what a file corrects of a panel; with --apply, put it down."""
    from flows.importing import import_file

    import_file(file, archive, panel, reviewer, track, make)
