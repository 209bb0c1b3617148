"""A result set leaves as CSV, JSON, BibTeX, CSL-JSON and Markdown, whatever was said and typed."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcripts.citations import EXPORTS, as_bibtex, as_csl, as_csv, as_json, as_markdown, citation, link
from transcripts.holdings import Entry
from transcripts.records import Passage, Signature, Span
from transcripts.results import Hit

SCHEMA = Path(__file__).resolve().parent.parent / "docs" / "schemas" / "search.schema.json"

ENTRY = Entry(
    passage=Passage(
        "opening-00041230", "opening", 3, Span(41.23, 49.9), "director", "S1", "ja", "AI倫理の話です。"
    ),
    panel_id="opening",
    speaker="Director (Japan)",
    target_language="en",
    translation="It is about AI ethics.",
    themes=(("ethics", 0.8),),
    quality=0.7,
    translation_signature=Signature("translate", "embedded:gemma3-270m"),
    evidence={"ethics": (0, 4)},
    affiliation="Studio",
    panel_title="Opening panel",
    held_on="2025-03-01",
    conference_id="film-ai",
    conference_title="The Future of Filmmaking",
)
HIT = Hit(ENTRY, 0.9, ("words",), ((0, 4),), ((12, 21),))


def changed(text: str) -> Hit:
    """A hit with a text wherever there is one."""
    passage = dataclasses.replace(ENTRY.passage, id=text or "p", text=text)
    entry = dataclasses.replace(
        ENTRY,
        passage=passage,
        panel_id=text or "p",
        speaker=text,
        affiliation=text,
        translation=text,
        panel_title=text,
        conference_title=text,
        reviewer=text,
    )
    return Hit(entry)


# Citations


def test_a_citation_says_who_where_when_and_who_looked() -> None:
    assert citation(ENTRY) == (
        "Director (Japan) (Studio), “Opening panel”, The Future of Filmmaking, 2025-03-01, 0:00:41–0:00:49, "
        "in ja, trans. by embedded:gemma3-270m, unreviewed."
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "approved", "reviewer": "Aki"}, "trans. by embedded:gemma3-270m, reviewed by Aki."),
        (
            {"translation_signature": None, "state": "reviewed", "reviewer": "Aki"},
            "trans. by a person, reviewed by Aki.",
        ),
        ({"translation": None}, "in ja, unreviewed."),
        (
            {"held_on": "", "affiliation": ""},
            "Director (Japan), “Opening panel”, The Future of Filmmaking, 0:00:41",
        ),
        (
            {"speaker": "S2", "passage": dataclasses.replace(ENTRY.passage, speaker_id=None)},
            "unidentified speaker (S2), “Opening",
        ),
        ({"passage": dataclasses.replace(ENTRY.passage, span=Span(3_725.9, 3_800.0))}, "1:02:05–1:03:20"),
    ],
)
def test_a_citation_says_what_is_known(changes: dict[str, object], said: str) -> None:
    assert said in citation(dataclasses.replace(ENTRY, **changes))  # type: ignore[arg-type]


def test_a_link_names_passage_and_second() -> None:
    assert link(ENTRY) == "/panels/opening?t=41#opening-00041230"
    hostile = dataclasses.replace(ENTRY, panel_id='o\'neill "b"/../?#')
    assert link(hostile, "https://example.org") == (
        "https://example.org/panels/o%27neill%20%22b%22%2F..%2F%3F%23?t=41#opening-00041230"
    )


# Formats


def test_json_fits_its_schema() -> None:
    written = json.loads(as_json([HIT, changed("x")], "https://example.org"))
    jsonschema.validate(written, json.loads(SCHEMA.read_text("utf-8")))
    assert written[0]["themes"] == [{"id": "ethics", "score": 0.8, "evidence": [0, 4]}]
    assert written[0]["text"][slice(*written[0]["text_marks"][0])] == "AI倫理"
    assert written[0]["translation"][slice(*written[0]["translation_marks"][0])] == "AI ethics"
    assert written[0]["quality"] == "good"


def rows_of(written: str) -> list[dict[str, str]]:
    """What a spreadsheet reads, which knows by the byte order mark that it is UTF-8."""
    assert written.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(written.removeprefix("\ufeff"), newline="")))


def test_csv_is_read_by_spreadsheets() -> None:
    (row,) = rows_of(as_csv([HIT]))
    assert row["text"] == "AI倫理の話です。"
    assert row["themes"] == "ethics"
    assert row["citation"] == citation(ENTRY)


@pytest.mark.parametrize(
    "formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", '=HYPERLINK("x")']
)
def test_no_spreadsheet_runs_what_was_said(formula: str) -> None:
    (row,) = rows_of(as_csv([changed(formula)]))
    for name in ("text", "translation", "speaker", "passage_id"):
        assert row[name].startswith("'")


def test_bibtex() -> None:
    written = as_bibtex([HIT, HIT], "https://example.org")
    assert written.startswith("@misc{opening-00041230,\n")
    assert "@misc{opening-00041230-2,\n" in written
    assert "  author = {{Director (Japan)}},\n" in written
    assert "  date = {2025-03-01},\n" in written
    assert "  url = {https://example.org/panels/opening?t=41#opening-00041230},\n" in written
    assert r"\textbackslash{}input\textbraceleft{}x\textbraceright{} 5\% \& \$a\_b\$ \#1" in as_bibtex(
        [changed(r"\input{x} 5% & $a_b$ #1")]
    )


def test_csl_json() -> None:
    (item,) = json.loads(as_csl([HIT]))
    assert item["type"] == "speech"
    assert item["author"] == [{"literal": "Director (Japan)"}]
    assert item["issued"] == {"date-parts": [[2025, 3, 1]]}
    assert item["event-title"] == "The Future of Filmmaking"


def test_a_voice_without_a_name_is_nobodys_author() -> None:
    unnamed = dataclasses.replace(ENTRY.passage, speaker_id=None)
    hit = Hit(dataclasses.replace(ENTRY, speaker="S2", affiliation="", passage=unnamed))
    assert "  author = {{unidentified speaker (S2)}},\n" in as_bibtex([hit])
    assert json.loads(as_csl([hit]))[0]["author"] == [{"literal": "unidentified speaker (S2)"}]


def test_markdown() -> None:
    assert as_markdown([HIT]).startswith("> AI倫理の話です。\n>\n> — It is about AI ethics.\n\n[Director")
    hostile = as_markdown([changed("<script>*x*</script>\n# [y](javascript:z)")])
    assert r"\<script\>\*x\*\</script\> \# \[y\](javascript:z)" in hostile
    assert as_markdown([changed("1. one")]).startswith("> 1\\. one")
    assert as_markdown([changed("- one")]).startswith("> \\- one")


def test_persian_keeps_its_joints() -> None:
    for export in EXPORTS.values():
        assert "کلیشه‌های" in export([changed("کلیشه‌های")], "")


HOSTILE = st.text(max_size=40).filter(lambda text: "\ud800" not in text)


@given(HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    hits = [changed(text), HIT]
    assert [row["citation"] for row in rows_of(as_csv(hits))][1] == citation(ENTRY)
    assert json.loads(as_json(hits))[0]["text"] == text
    assert json.loads(as_csl(hits))[0]["abstract"] == text
    assert len(balanced_entries(as_bibtex(hits))) == 2
    lines = as_markdown(hits).splitlines()
    assert sum(line.startswith("[") for line in lines) == 2


def balanced_entries(written: str) -> list[str]:
    """The entries of a BibTeX file as BibTeX cuts them: by counting braces."""
    entries, depth, current = [], 0, ""
    for letter in written:
        depth += (letter == "{") - (letter == "}")
        current += letter
        if letter == "}" and depth == 0:
            entries.append(current.strip())
            current = ""
    assert depth == 0
    assert not current.strip()
    assert all(re.match(r"@misc\{[\w:.-]+,\n", entry, re.ASCII) for entry in entries)
    return entries
