"""PDF: every text in order, in the fonts of its script, Persian from the right; what is missing is said."""

from __future__ import annotations

import builtins
import io
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdf
import pytest
from hypothesis import given, settings
from sample_documents import EVERYTHING, document, documents, remark

from transcripts.document import Document, Rendering
from transcripts.errors import FormatError
from transcripts.formats import pdf
from transcripts.formats.pdf import write_pdf
from transcripts.formats.writers import WRITERS
from transcripts.records import Span

TEXTS = {
    "ja": "倫理委員会で議論しました",
    "ko": "부산국제영화제에서",
    "es": "La ética no es un adorno",
    "en": "Editors were editing",
    "fa": "نوشتن فیلم با ماشین",
}
FIVE = document(
    *(
        remark(
            number,
            text,
            Span(number, number + 1),
            language,
            renderings=(Rendering("en", f"number {number}"),),
        )
        for number, (language, text) in enumerate(TEXTS.items())
    )
)


def _why_not() -> str:
    try:
        write_pdf([FIVE])
    except FormatError as error:
        return str(error)
    return ""


WHY_NOT = _why_not()
needs_pango = pytest.mark.skipif(bool(WHY_NOT), reason=f"no PDF can be written here: {WHY_NOT}")
needs_poppler = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="poppler-utils are not installed"
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pdf") / "five.pdf"
    made.write_bytes(write_pdf([FIVE]))
    return made


def pdftotext(path: Path, *options: str) -> str:
    command = ["pdftotext", *options, str(path), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@needs_pango
def test_pypdf_reads_all_texts_in_order(path: Path) -> None:
    reader = pypdf.PdfReader(path)
    text = " ".join("".join(page.extract_text() for page in reader.pages).split())
    wanted = [each for language, each in TEXTS.items() if language != "fa"]
    wanted = [part for number, each in enumerate(wanted) for part in (each, f"number {number}")]
    places = [text.find(each) for each in wanted]
    assert -1 not in places
    assert places == sorted(places)
    assert reader.metadata
    assert (reader.metadata.title, reader.metadata.author) == ("C & D", "symposia")
    catalogue: Any = reader.trailer["/Root"]
    assert (catalogue["/Lang"], catalogue["/MarkInfo"]["/Marked"]) == ("en", True)


@needs_pango
def test_fonts_of_five_scripts_are_in_the_file(path: Path) -> None:
    page: Any = pypdf.PdfReader(path).pages[0]
    fonts = page["/Resources"]["/Font"]
    names = []
    for each in fonts.values():
        font = each.get_object()
        inner = font["/DescendantFonts"][0].get_object()
        names.append(font["/BaseFont"])
        assert {"/FontFile2", "/FontFile3"} & inner["/FontDescriptor"].keys(), font["/BaseFont"]
    for kind in ("CJK-JP", "CJK-KR", "Naskh", "Noto-Sans"):
        assert any(kind in name for name in names), (kind, names)


@needs_pango
@needs_poppler
def test_pdftotext_reads_persian_too(path: Path) -> None:
    text = re.sub("[\u202a-\u202e\u2066-\u2069]", "", pdftotext(path))
    places = [text.find(each) for each in TEXTS.values()]
    assert -1 not in places
    assert places == sorted(places)


@needs_pango
@needs_poppler
def test_persian_begins_at_the_right_margin(path: Path) -> None:
    words = re.findall(
        r'xMin="([\d.]+)" yMin="[\d.]+" xMax="([\d.]+)".*?>(.*?)</word>', pdftotext(path, "-bbox")
    )
    at = {re.sub("[\u202a-\u202e]", "", word): (float(left), float(right)) for left, right, word in words}
    (page_width,) = re.findall(r'<page width="([\d.]+)"', pdftotext(path, "-bbox"))
    margin = 20 / 25.4 * 72
    first, last = at["نوشتن"[::-1]], at["ماشین"[::-1]]  # letters as they lie on the page, from the left
    assert first[1] == pytest.approx(float(page_width) - margin, abs=2)
    assert last[1] < first[0]
    assert at["Editors"][0] == pytest.approx(margin, abs=2)


@needs_pango
def test_the_same_document_gives_the_same_bytes(path: Path) -> None:
    assert write_pdf([FIVE]) == path.read_bytes()


@needs_pango
def test_recordings_begin_new_pages() -> None:
    second = replace(EVERYTHING, remarks=EVERYTHING.remarks[:2])
    (file,) = WRITERS["pdf"]([FIVE, second])
    assert file.name == "opening.pdf"
    assert isinstance(file.content, bytes)
    pages = pypdf.PdfReader(io.BytesIO(file.content)).pages
    assert len(pages) == 2
    assert "AI倫理の映画です。" in pages[1].extract_text()


@needs_pango
@settings(max_examples=6)
@given(documents())
def test_any_text_can_be_laid_out(made: Document) -> None:
    assert pypdf.PdfReader(io.BytesIO(write_pdf([made]))).pages


@needs_pango
def test_a_passage_without_letters_is_written() -> None:
    odd = document(
        remark(1, "👩\u200d💻", Span(0, 1), "ko"), remark(2, "", Span(1, 2)), remark(3, "\ufffe", Span(2, 3))
    )
    assert len(pypdf.PdfReader(io.BytesIO(write_pdf([odd]))).pages) == 1


@needs_pango
def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(pdf, "_refused", lambda url, *_, **__: asked.append(url))
    write_pdf([document(remark(1, '<img src="http://x/y.png"> url(http://x/z)', Span(0, 1)))])
    assert asked == []


def test_letters_that_no_font_has_are_told() -> None:
    with pytest.raises(FormatError, match=r"letters of fa, ja: install Noto's .*fonts-noto-cjk"):
        pdf._check_fonts([FIVE], set(TEXTS["ja"] + TEXTS["fa"]))
    pdf._check_fonts([FIVE], {"倫"})  # one rare character is shown as a box
    pdf._check_fonts([document(remark(1, "👩", Span(0, 1)))], {"👩"})


def test_a_machine_without_pango_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    really = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "weasyprint":
            sys.stdout.write("-----\n")
            raise OSError("cannot load library 'libpango-1.0-0'")
        return really(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(FormatError, match="apt-get install libpango"):
        write_pdf([FIVE])
    assert capsys.readouterr().out == ""
