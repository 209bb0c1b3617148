"""The command line. Thin: each command reads its input, calls one function, writes.

Nothing heavy is imported before a command needs it, so that help appears at once.
Every error that a user can mend is one sentence on the error stream and exit code 2.
"""

from __future__ import annotations

import io
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows import cli_formats, cli_keeping, cli_operating, cli_people, cli_publish
from flows.cli_options import ArchivePlace, ProfileName
from transcripts.errors import SymposiaError

app = typer.Typer(
    name="symposia",
    help="From recordings of multilingual conference panels to a record that can be searched and cited.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Out = Annotated[Path | None, typer.Option("-o", "--output", help="File to write; left out: standard output.")]
TextInput = Annotated[str, typer.Argument(help="File to read; '-' is standard input.", metavar="[FILE|-]")]


class TranscriptFormat(StrEnum):
    """What `transcribe` writes."""

    json = "json"
    txt = "txt"
    srt = "srt"
    vtt = "vtt"


class Stage(StrEnum):
    """What `run --again` makes anew; what is made of it follows where it has changed."""

    runs = "runs"
    transcript = "transcript"
    speakers = "speakers"
    translation = "translation"
    embedding = "embedding"
    themes = "themes"


class SearchMode(StrEnum):
    """What a query is compared with."""

    hybrid = "hybrid"
    words = "words"
    meaning = "meaning"


class SearchSort(StrEnum):
    """In which order hits are shown."""

    relevance = "relevance"
    time = "time"


class TableFormat(StrEnum):
    """How hits are written."""

    table = "table"
    json = "json"
    csv = "csv"
    bibtex = "bibtex"
    csl = "csl"
    markdown = "markdown"


@app.command()
def run(
    conference: Annotated[Path, typer.Argument(help="The conference file.", metavar="CONFERENCE.yaml")],
    archive: ArchivePlace,
    profile: ProfileName = "embedded",
    again: Annotated[
        list[Stage] | None, typer.Option(help="Make a stage anew, though nothing has changed.")
    ] = None,
    on: Annotated[
        str,
        typer.Option(
            help="Who does it: a deployment of Prefect's such as recording/fleet, dask, ray, or the address "
            "of a cluster of theirs; left out: this process.",
            metavar="WORKERS",
        ),
    ] = "",
) -> None:
    """Process a conference's recordings into an archive; what is up to date is left alone."""
    from flows.conference import run_conference
    from flows.request import Request

    stages = frozenset(each.value for each in again or ())
    raise typer.Exit(run_conference(Request(conference, archive, profile, again=stages, on=on)))


@app.command()
def transcribe(  # noqa: PLR0913, options of a command
    audio: Annotated[Path, typer.Argument(help="An audio or video file.", metavar="AUDIO")],
    languages: Annotated[
        str, typer.Option(help="Codes of the languages spoken, such as ja,fa,es,ko,en.", metavar="CODES")
    ],
    speakers: Annotated[bool, typer.Option(help="Whether to tell speakers apart.")] = True,
    second_opinion: Annotated[
        bool, typer.Option("--second-opinion", help="Add what the speech model makes of it in English.")
    ] = False,
    form: Annotated[TranscriptFormat, typer.Option("--format", help="What to write.")] = TranscriptFormat.txt,
    output: Out = None,
    profile: ProfileName = "embedded",
) -> None:
    """Transcribe one file, without an archive."""
    from flows.single import transcribe_file

    codes = [code.strip() for code in languages.split(",") if code.strip()]
    _write(transcribe_file(audio, codes, speakers, form.value, profile, second_opinion), output)


@app.command()
def translate(
    source: Annotated[str, typer.Option("--from", help="Language of the text.", metavar="CODE")],
    target: Annotated[str, typer.Option("--to", help="Language to translate into.", metavar="CODE")],
    text: TextInput = "-",
    profile: ProfileName = "embedded",
) -> None:
    """Translate text, a line in, a line out."""
    from flows.single import translate_lines

    for line in translate_lines(_lines(text), source, target, profile):
        sys.stdout.write(line + "\n")


@app.command()
def tag(
    text: TextInput = "-",
    themes: Annotated[Path | None, typer.Option(help="A themes file; left out: the packaged one.")] = None,
    profile: ProfileName = "embedded",
) -> None:
    """Score texts by theme: JSON lines (or plain lines) in, JSON lines out."""
    from flows.single import tag_lines

    for line in tag_lines(_lines(text), themes, profile):
        sys.stdout.write(line + "\n")


@app.command()
def search(  # noqa: PLR0913 - one parameter an option
    query: Annotated[
        str,
        typer.Argument(
            help="""Words in any language, "phrases", -exclusions, theme:ethics; '' lists by time."""
        ),
    ],
    archive: ArchivePlace,
    theme: Annotated[str | None, typer.Option(help="Only passages of this theme (id).")] = None,
    language: Annotated[str | None, typer.Option(help="Only this language (code).")] = None,
    speaker: Annotated[str | None, typer.Option(help="Only this speaker (id or name).")] = None,
    panel: Annotated[str | None, typer.Option(help="Only this panel (id).")] = None,
    mode: Annotated[SearchMode, typer.Option(help="By words, by meaning, or both.")] = SearchMode.hybrid,
    sort: Annotated[SearchSort, typer.Option(help="The best first, or by time.")] = SearchSort.relevance,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Hits a page.")] = 10,
    page: Annotated[int, typer.Option(min=1, max=1_000_000, help="Which page of hits.")] = 1,
    form: Annotated[TableFormat, typer.Option("--format", help="How to show them.")] = TableFormat.table,
    link_base: Annotated[str, typer.Option(help="Address of the web app, for links.", metavar="URL")] = "",
) -> None:
    """Search an archive's passages, in any language; show hits, or export them with citations."""
    import dataclasses

    from flows.finding import check_names, narrowed, search_archive
    from transcripts.query import parse

    check_names(archive, theme, panel)
    asked = dataclasses.replace(
        parse(query), mode=mode.value, sort=sort.value, limit=limit, offset=(page - 1) * limit
    )
    asked = narrowed(asked, themes=theme, languages=language, speakers=speaker, panels=panel)
    search_archive(archive, asked, form.value, link_base.rstrip("/"))


@app.command()
def index(
    archive: ArchivePlace,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make it anew from the archive.")] = False,
) -> None:
    """Bring an archive's search index up to date (searching does so too), or make it anew."""
    from flows.finding import index_archive

    index_archive(archive, rebuild)


@app.command()
def status(archive: ArchivePlace) -> None:
    """What is in an archive, what is doubtful, what failed and how to go on."""
    from flows.overview import show_status

    show_status(archive)


@app.command()
def serve(  # noqa: PLR0913 - one parameter an option
    archive: ArchivePlace,
    host: Annotated[str, typer.Option(help="Address to listen on.", metavar="ADDRESS")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: a free one.")] = 8700,
    login: Annotated[bool, typer.Option("--login", help="Have people log in on this machine too.")] = False,
    certificate: Annotated[Path | None, typer.Option(help="Certificate for HTTPS.", metavar="FILE")] = None,
    key: Annotated[Path | None, typer.Option(help="Its private key.", metavar="FILE")] = None,
    plain_http: Annotated[bool, typer.Option("--plain-http", help="Log in without HTTPS.")] = False,
    oai: Annotated[
        str, typer.Option(help="Offer what is approved to harvesters; whom they write to.", metavar="EMAIL")
    ] = "",
    link_base: Annotated[
        str, typer.Option(help="Public address of the room, for links in citations.", metavar="URL")
    ] = "",
    proxy: Annotated[
        str, typer.Option(help="Address of the proxy in front, if on another machine.", metavar="ADDRESS")
    ] = "",
) -> None:
    """Open the reading room: search, listen, correct and cite in a browser."""
    from flows.serving import ServeOptions
    from flows.serving import serve as open_room

    open_room(archive, ServeOptions(host, port, login, certificate, key, plain_http, oai, link_base, proxy))


themes = typer.Typer(help="Themes: decide on them, have the tagger learn from that, export them.")
app.add_typer(themes, name="themes", no_args_is_help=True)

app.command("export")(cli_formats.export)
app.command("import")(cli_formats.import_corrections)
app.command("publish")(cli_publish.publish)
app.command()(cli_keeping.verify)
app.command()(cli_keeping.deposit)
app.command()(cli_keeping.restore)
app.command()(cli_keeping.migrate)
app.command()(cli_operating.doctor)
app.command()(cli_operating.report)
app.command()(cli_operating.watch)
app.command()(cli_operating.estimate)

for name in ("review", "rights", "users"):
    app.add_typer(getattr(cli_people, name), name=name, no_args_is_help=True)

PassageId = Annotated[str, typer.Argument(help="Id of the passage.", metavar="PASSAGE")]
ThemeId = Annotated[str, typer.Argument(help="Id of the theme.", metavar="THEME")]
Reviewer = Annotated[str, typer.Option(help="Who says so.", metavar="NAME")]


@themes.command()
def confirm(passage: PassageId, theme: ThemeId, archive: ArchivePlace, reviewer: Reviewer) -> None:
    """Say that a passage belongs to a theme; no tagger changes that."""
    from flows.theming import decide

    decide(archive, passage, theme, True, reviewer)


@themes.command()
def reject(passage: PassageId, theme: ThemeId, archive: ArchivePlace, reviewer: Reviewer) -> None:
    """Say that a passage does not belong to a theme; no tagger changes that."""
    from flows.theming import decide

    decide(archive, passage, theme, False, reviewer)


@themes.command()
def train(
    conference: Annotated[Path, typer.Argument(help="The conference file.", metavar="CONFERENCE.yaml")],
    archive: ArchivePlace,
    labels: Annotated[
        Path | None, typer.Option(help="More labels: JSON lines with text and themes.", metavar="FILE")
    ] = None,
    profile: ProfileName = "embedded",
) -> None:
    """Learn from what people decided; kept if it is better on held-out passages."""
    from rich.console import Console

    from flows.theming import train_themes

    more = _lines(str(labels)) if labels else []
    train_themes(conference, archive, more, profile, Console())


@themes.command()
def export(
    themes: Annotated[Path | None, typer.Option(help="A themes file; left out: the packaged one.")] = None,
    base: Annotated[
        str, typer.Option(help="What the identifiers begin with.", metavar="URL")
    ] = "urn:symposia:theme:",
    output: Out = None,
) -> None:
    """Write a themes file as SKOS (JSON-LD), for thesaurus and library software."""
    from flows.theming import themes_as_skos

    _write(themes_as_skos(themes, base), output)


def _lines(name: str) -> list[str]:
    """The lines of a file or of standard input, without their line ends.

    Only line feeds end a line: a text may hold other separators. Raises
    FormatError for what cannot be read.
    """
    from transcripts.errors import FormatError

    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise FormatError(f"{name} cannot be read ({error.strerror}): check the path.") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"byte {error.start}"
        raise FormatError(f"{name} is not UTF-8 text ({where}): save it as UTF-8 and try again.") from error
    lines = text.split("\n")
    return [line.removesuffix("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]


def _write(text: str, output: Path | None) -> None:
    """Write to a file, whole or not at all, or to standard output."""
    if output is None:
        sys.stdout.write(text)
        return
    from transcripts.files import write_atomically

    write_atomically(output, text)


def main() -> None:
    """Run the command line; the exit code is 2 for anything the user can mend."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files may hold any bytes
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    except SymposiaError as error:
        sys.stderr.write(f"symposia: {error}\n")
        sys.exit(2)
    except BrokenPipeError:  # the reader of a pipe has gone
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        sys.stderr.write("symposia: stopped; nothing is lost, the same command goes on from here.\n")
        sys.exit(130)
    except UnicodeEncodeError as error:
        sys.stderr.write(f"symposia: {error.object!r} is not Unicode text: give it another name.\n")
        sys.exit(2)
    except Exception as error:
        from flows.retrying import away, may_pass

        if may_pass(error):
            said = away(error)
        elif isinstance(error, OSError) and error.filename:
            said = f"{error.filename}: {error.strerror}: check the path, its permissions and the space left."
        else:
            raise
        sys.stderr.write(f"symposia: {said}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
