"""Documents to be read: as plain text and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from transcripts.document import Document, Remark, is_unseen
from transcripts.formats.subtitles import one_line

# Letters that Markdown may take for markup anywhere, and what it takes so at the beginning of a line.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&$!^])")
_LINE_MARKUP = re.compile(r"^(\d{1,9})([.)])|^([+\-=:])")
_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


def write_text(documents: Sequence[Document]) -> str:
    """A heading a recording, then `[hh:mm:ss] Speaker (ja): text` with translations indented below."""
    return "\n".join("\n".join(_text_lines(document)) + "\n" for document in documents)


def _text_lines(document: Document) -> Iterator[str]:
    title = heading(document)
    yield title
    yield "=" * min(len(title), 80)
    yield ""
    for remark in document.remarks:
        mark = "" if remark.state == "approved" else f" [{remark.state}]"
        text = one_line(remark.text, remark.language)
        yield f"[{clock(remark.span.start_s)}] {_speaker(remark)}{mark}: {text}"
        for each in remark.renderings:
            unseen = " [unreviewed]" if is_unseen(remark, each, document.target_language) else ""
            yield f"    {each.language}{unseen}: {one_line(each.text, each.language)}"


def write_markdown(documents: Sequence[Document]) -> str:
    """A section a recording; remarks as paragraphs, translations as quotations, in CommonMark.

    Right-to-left text is wrapped in isolates (U+2067, U+2069), as Markdown has no `dir`.
    """
    return "\n".join("\n".join(_markdown_lines(document)) + "\n" for document in documents)


def _markdown_lines(document: Document) -> Iterator[str]:
    yield f"# {_escaped(heading(document))}"
    yield ""
    if words := reviewed_so_far(document):
        yield f"*{words}*"
        yield ""
    for remark in document.remarks:
        who = f"**{_escaped(_speaker(remark))}**"
        yield f"{who} {clock(remark.span.start_s)}: {_isolated(remark.text, remark.language)}"
        yield ""
        for each in remark.renderings:
            yield f"> ({each.language}) {_isolated(each.text, each.language)}"
            yield ""


def _isolated(text: str, language: str) -> str:
    line = _escaped(one_line(text, language))
    return f"\u2067{line}\u2069" if is_to_left(language) else line


def is_to_left(language: str) -> bool:
    """Whether a language is written from right to left."""
    return language.partition("-")[0] in _TO_LEFT


def _escaped(text: str) -> str:
    """A text on one line in which Markdown sees no markup."""
    line = _MARKUP.sub(r"\\\1", one_line(text, ""))
    return _LINE_MARKUP.sub(lambda found: f"{found[1]}\\{found[2]}" if found[1] else f"\\{found[3]}", line)


def reviewed_so_far(document: Document) -> str:
    """Sentences on how much of it nobody has reviewed; '' where people have looked at all of it."""
    drafts = sum(remark.state == "draft" for remark in document.remarks)
    unseen = sum(
        is_unseen(remark, each, document.target_language)
        for remark in document.remarks
        for each in remark.renderings
    )
    everything, said = len(document.remarks), []
    if drafts:
        said.append(f"{drafts} of {everything} passages are machine output that nobody has reviewed.")
    if unseen:
        said.append(f"{unseen} translations of reviewed passages are a machine's that nobody has reviewed.")
    return " ".join(said)


def heading(document: Document) -> str:
    """What a recording is called: conference, panel, day and recording, on one line."""
    parts = (document.conference_title, document.panel.title, document.panel.held_on, document.recording.id)
    return one_line(" · ".join(filter(None, parts)), "")


def _speaker(remark: Remark) -> str:
    return one_line(f"{remark.speaker or 'unknown speaker'} ({remark.language})", "")


def clock(time_s: float) -> str:
    """A time as hh:mm:ss."""
    minutes, seconds = divmod(int(time_s), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"


__all__ = ["clock", "heading", "is_to_left", "reviewed_so_far", "write_markdown", "write_text"]
