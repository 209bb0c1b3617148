"""Documents as PDF, to be printed and kept: laid out by WeasyPrint, with the fonts of this machine.

Text is laid out by Pango, a library of the system; letters come from fonts of the system, and what is
used of them is put into the file.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator, Sequence
from typing import Any

from lxml import etree

from transcripts.document import Document
from transcripts.errors import FormatError
from transcripts.formats.xhtml import XHTML, add_chapter, xhtml_page
from transcripts.formats.xml_files import added

_STYLE = """
@page { size: A4; margin: 22mm 20mm;
  @top-center { content: string(recording); font: 8pt "Noto Sans", sans-serif; color: #595959; }
  @bottom-center { content: counter(page) " / " counter(pages); font: 8pt "Noto Sans", sans-serif; } }
body { margin: 0; font: 10pt/1.5 "Noto Sans", "Noto Sans CJK JP", "Noto Naskh Arabic", sans-serif; }
:lang(ja) { font-family: "Noto Sans", "Noto Sans CJK JP", sans-serif; }
:lang(ko) { font-family: "Noto Sans", "Noto Sans CJK KR", sans-serif; }
:lang(zh) { font-family: "Noto Sans", "Noto Sans CJK SC", sans-serif; }
:lang(fa), :lang(ar), :lang(ur) { font-family: "Noto Naskh Arabic", "Noto Sans", sans-serif; }
h1 { font-size: 15pt; line-height: 1.3; break-before: page; string-set: recording content(); }
h1:first-of-type { break-before: auto; }
p { margin: 0 0 4pt; overflow-wrap: anywhere; orphans: 2; widows: 2; text-align: start; }
p:has(.time) { margin-top: 8pt; break-after: avoid; }
[dir=rtl] { direction: rtl; }
[dir=ltr] { direction: ltr; }
.time { color: #595959; font-size: 8.5pt; }
.translation { margin-inline-start: 14pt; color: #333; }
"""
_PANGO = (
    "PDF is laid out by Pango, which this machine has not: install it (on Debian and Ubuntu "
    "'apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0', on macOS 'brew install pango')"
)
_FONTS = (
    "install Noto's (on Debian and Ubuntu 'apt-get install fonts-noto-core fonts-noto-cjk', elsewhere from "
    "https://fonts.google.com/noto)"
)
# The share of a language's letters that may be in no font: a rare character is shown as a box.
_MISSING_MAX = 0.1


def write_pdf(documents: Sequence[Document]) -> bytes:
    """A chapter a recording, from a new page; each text in the fonts and direction of its language.

    Raises FormatError where Pango is missing, or fonts for one of the languages are.
    """
    weasyprint = load_weasyprint()
    page = weasyprint.HTML(string=_page(documents), url_fetcher=_refused)
    with _missing_letters() as missing:
        written: bytes = page.write_pdf(pdf_tags=True)
    _check_fonts(documents, missing)
    return written


def load_weasyprint() -> Any:
    """What lays out PDF. Raises FormatError, with what to install, where Pango is missing."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # where it says at length what is missing
            import weasyprint
    except OSError as error:
        raise FormatError(_PANGO) from error
    return weasyprint


def _page(documents: Sequence[Document]) -> str:
    """One page of HTML with every chapter; nothing in it leads anywhere else."""
    first = documents[0]
    root, body = xhtml_page(first.conference_title, first.target_language)
    head = root[0]
    added(head, f"{{{XHTML}}}meta", name="author", content="symposia")
    if first.panel.held_on:
        added(head, f"{{{XHTML}}}meta", name="dcterms.created", content=first.panel.held_on)
    added(head, f"{{{XHTML}}}style", _STYLE)
    for document in documents:
        add_chapter(body, document)
    return etree.tostring(root, method="html", encoding="unicode", doctype="<!DOCTYPE html>")


def _refused(url: str, *_: object, **__: object) -> dict[str, object]:
    raise ValueError(f"nothing is fetched for a PDF, not {url} either")


@contextlib.contextmanager
def _missing_letters() -> Iterator[set[str]]:
    """The letters that no font had while something was laid out; WeasyPrint tells them to its log."""
    found: set[str] = set()

    class Listening(logging.Handler):
        """Notes the letter of each message about one."""

        def emit(self, record: logging.LogRecord) -> None:
            if isinstance(record.args, tuple) and len(record.args) == 2 and isinstance(record.args[1], int):
                found.add(chr(record.args[1]))

    log, listening = logging.getLogger("weasyprint"), Listening()
    level, log.propagate = log.level, False
    others = log.handlers[:]
    log.handlers[:] = [listening]
    log.setLevel(logging.WARNING)
    try:
        yield found
    finally:
        log.handlers[:] = others
        log.setLevel(level)
        log.propagate = True


def _check_fonts(documents: Sequence[Document], missing: set[str]) -> None:
    letters: dict[str, set[str]] = {}
    for document in documents:
        for remark in document.remarks:
            for text, language in (
                (remark.text, remark.language),
                *((each.text, each.language) for each in remark.renderings),
            ):
                letters.setdefault(language, set()).update(filter(str.isalpha, text))
    unwritable = sorted(
        language for language, of in letters.items() if len(of & missing) > _MISSING_MAX * len(of)
    )
    if unwritable:
        raise FormatError(f"no font on this machine has the letters of {', '.join(unwritable)}: {_FONTS}")


__all__ = ["load_weasyprint", "write_pdf"]
