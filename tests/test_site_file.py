"""The site file: everything that can be said, every mistake told at once, every key in the docs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from flows.publishing import publish_archive
from flows.site_file import ColourEntry, LicenceEntry, PartnerEntry, SiteFile, load_site
from transcripts.errors import ConfigurationError, SymposiaError
from transcripts.site.settings import Partner, Site

DOCS = Path(__file__).resolve().parent.parent / "docs" / "publishing.md"


def told(folder: Path, text: str) -> list[str]:
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        load_site(path)
    return [line.replace(f"{folder}/", "") for line in str(raised.value).splitlines()]


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text("<svg/>")
    (tmp_path / "looks").mkdir()
    (tmp_path / "site.yaml").write_text(
        """\
title: T
subtitle: S
address: https://example.org/talks
logo: logo.svg
colours: {accent: "#123", accent_dark: "#aabbcc"}
introduction: "**I**"
about: A
licence: {name: CC BY, address: "https://example.org/by"}
contact: c@example.org
order: [b, a]
partners: [{name: P, address: "https://p.example"}, {name: Q}]
languages: [ja, en, ja]
downloads: [srt, txt]
templates: looks
""",
        encoding="utf-8",
    )
    assert load_site(tmp_path / "site.yaml") == Site(
        "T", "S", "https://example.org/talks/", tmp_path / "logo.svg", "#123", "#aabbcc", "**I**", "A",
        "CC BY", "https://example.org/by", "c@example.org", ("b", "a"),
        (Partner("P", "https://p.example"), Partner("Q")), ("ja", "en"), ("srt", "txt"), tmp_path / "looks",
    )  # fmt: skip


def test_every_mistake_is_told_at_once_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "logo.exe").write_text("x")
    lines = told(
        tmp_path,
        """\
titel: T
address: example.org
logo: logo.exe
colours: {accent: red}
languages: [de]
downloads: [pdx]
templates: nowhere
partners: [{address: "javascript:alert(1)"}]
""",
    )
    assert [line.partition(":")[2].partition(":")[0] for line in lines] == [
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
        "8",
    ]
    assert lines[0] == "site.yaml:1: titel: unknown key, did you mean 'title'?"
    assert "write it as https://example.org/talks/." in lines[1]
    assert "use .svg, .png" in lines[2]
    assert "write it as '#1f626b'" in lines[3]
    assert "choose from en, ja, fa, es, ko." in lines[4]
    assert "'pdx' is no format: choose from srt, vtt" in lines[5]
    assert "is not a folder" in lines[6]
    assert "is no address of the web" in lines[7] + lines[8]


def keys(model: type[BaseModel]) -> Iterator[str]:
    yield from model.model_fields


@pytest.mark.parametrize(
    "key", [*keys(SiteFile), *keys(PartnerEntry), *keys(ColourEntry), *keys(LicenceEntry)]
)
def test_every_key_has_its_words(key: str) -> None:
    assert f"`{key}`" in DOCS.read_text(encoding="utf-8")


def test_a_mistake_in_the_file_leaves_the_site_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("titel: T")
    with pytest.raises(SymposiaError, match="unknown key"):
        publish_archive(tmp_path / "archive", tmp_path / "out", "approved", tmp_path / "site.yaml", True)
    assert not (tmp_path / "out").exists()
