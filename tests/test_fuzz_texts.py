"""Whatever a text holds, it is read, or refused in a sentence: captions, transcripts, YAML, queries."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeEmbedder
from fuzzing import changed, fuzzed, told
from hypothesis import example, given
from hypothesis import strategies as st
from sample_archive import embed, fill, layers

from flows.config import load_conference
from flows.layers import layer_bytes, layer_from
from flows.profiles import load_profile
from flows.single import _text_of
from flows.site_file import load_site
from flows.theming import read_labels
from flows.work import archived_layers
from flows.yamlfile import configs_dir
from nlp.taxonomy import load_taxonomy
from transcripts.archive import Archive
from transcripts.document import documents
from transcripts.errors import ConfigurationError
from transcripts.formats.offers import read_offers
from transcripts.formats.subtitles import read_captions
from transcripts.formats.writers import WRITERS
from transcripts.importing import apply, plan
from transcripts.query import SearchQuery, parse
from transcripts.search import SearchIndex

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

DEMO = configs_dir() / "demo"
TAXONOMY = load_taxonomy(configs_dir() / "themes.yaml")
PANELS = ("opening", 'o\'neill "b"')
PROGRAMS = {
    "whisper.json": '{"text": "So.", "segments": [{"id": 0, "start": 0.0, "end": 4.5, "text": " So."}]}',
    "styled.vtt": "WEBVTT\n\nSTYLE\n::cue {}\n\nid 1\n00:01.000 --> 00:03.000 align:start\n"
    "<v.a Ann><lang fa>x</lang> <ruby>漢<rt>kan</rt></ruby> &lt;</v>\n",
    "odd.srt": "\ufeff1\r\n00:00:01,000 --> 00:00:02,000\r\n{\\an8}<font color=red>H</font>\r\n\r\n"
    "2\r\n00:00:03,000 --> 00:00:04,000 X1:1\r\nb\r\n",
}


def _exported() -> dict[str, bytes]:
    with Archive.in_memory() as archive:
        fill(archive)
        return {
            f"{n}.{file.name.rpartition('.')[2]}": (
                file.content.encode() if isinstance(file.content, str) else file.content
            )
            for n, panel in enumerate(PANELS)
            for form in ("srt", "vtt", "tei", "exb", "eaf", "jsonl")
            for file in WRITERS[form](documents(archive, panel))
        }


EXPORTED = _exported() | {name: text.encode() for name, text in PROGRAMS.items()}
CAPTIONS = [content for name, content in EXPORTED.items() if name.endswith((".srt", ".vtt"))]
CAPTIONS += [(DEMO / name).read_bytes() for name in ("floor.ko.srt", "floor.fa.vtt")]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def archive(place: Path) -> Iterator[Archive]:
    with Archive.open(place / "archive", create=True) as fresh:
        yield fill(fresh)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@fuzzed()
@given(content=changed(CAPTIONS), language=st.sampled_from(["", "ko", "ja"]))
def test_captions(place: Path, content: bytes, language: str) -> None:
    cues = told(lambda: read_captions(written(place / "captions", content), language))
    assert cues is None or all(cue.text and cue.span.end_s > cue.span.start_s for cue in cues)


@fuzzed()
@given(content=changed(list(EXPORTED.values())), panel=st.sampled_from(PANELS))
@example(content=b"[" * 100_000, panel="opening")
@example(content=b'[{"start_s": ' + b"9" * 400 + b', "end_s": 1, "text": "x"}]', panel="opening")
def test_transcripts_to_import(place: Path, archive: Archive, content: bytes, panel: str) -> None:
    offers = told(lambda: read_offers(written(place / "offered.en", content), None))
    found = offers and told(lambda: plan(archive, panel, offers))
    if found and found.corrections:
        copy = place / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(place / "archive", copy)
        with Archive.open(copy) as changing:
            told(lambda: apply(changing, found.corrections, "Ana"))
            assert documents(changing, panel)


SITE = """\
title: T
subtitle: S
address: https://example.org/talks
logo: logo.svg
colours: {accent: "#123", accent_dark: "#aabbcc"}
introduction: "**I**"
licence: {name: CC BY, address: "https://example.org/by"}
order: [b, a]
partners: [{name: P, address: "https://p.example"}, {name: Q}]
languages: [ja, en]
downloads: [srt, txt]
templates: looks
"""
CONFERENCE = """\
id: c
title: "C: one"
target_language: en
further_languages: [es]
themes: themes.yaml
speakers:
  - {id: ana, name: Ana, affiliation: F, languages: [es], enrolment: a.opus}
  - {id: ben, name: B, heard: [{recording: a.opus, start: 1:10, end: 1:20.5}]}
glossary:
  - {id: busan, kind: place, forms: {ko: [부산], en: Busan}}
panels:
  - {id: p, title: P, languages: [es, en], recordings: [a.opus, a.opus], speakers: [ana], held_on: 2025-10-28}
  - id: q
    title: Q
    captions: [{path: c.srt, language: ko}]
"""
THEMES = (configs_dir() / "themes.yaml").read_text("utf-8").split("\n")
YAML: dict[str, tuple[list[bytes], Callable[[Path], Any]]] = {
    "conference": ([CONFERENCE.encode(), (DEMO / "conference.yaml").read_bytes()[:6000]], load_conference),
    "site": ([SITE.encode()], load_site),
    "themes": (["\n".join(THEMES[:40]).encode()], load_taxonomy),
    "profile": (
        [path.read_bytes() for path in sorted((configs_dir() / "profiles").glob("*.yaml"))],
        lambda path: load_profile(str(path)),
    ),
}


@pytest.mark.parametrize("kind", YAML)
@fuzzed(usual=60)
@given(data=st.data())
def test_yaml_files(place: Path, kind: str, data: st.DataObject) -> None:
    samples, load = YAML[kind]
    folder = place / "yaml"
    if not folder.exists():
        (folder / "looks").mkdir(parents=True)
        (folder / "logo.svg").write_text("<svg/>")
        shutil.copy(configs_dir() / "themes.yaml", folder)
        shutil.copy(DEMO / "opening.opus", folder / "a.opus")
        shutil.copy(DEMO / "floor.ko.srt", folder / "c.srt")
    content = data.draw(changed(samples))
    told(lambda: load(written(folder / f"{kind}.yaml", content)))


@pytest.mark.parametrize("kind", YAML)
def test_what_fuzzing_found_in_yaml(tmp_path: Path, kind: str) -> None:
    """A tag on the whole of a file: found on 27 November 2026, with seed 20261127."""
    _, load = YAML[kind]
    with pytest.raises(ConfigurationError, match="python/object"):
        load(written(tmp_path / "tagged.yaml", b"!!python/object:os.systemc\ntitle: one\nspeakers: []\n"))


LAYERS = [layer_bytes(layer) for layer in archived_layers(layers("rec-1")).values()]


@fuzzed()
@given(content=changed(LAYERS))
def test_results_of_stages(content: bytes) -> None:
    """They lie in an archive's folder, which may be anybody's: see `flows.recording`."""
    try:
        layer = layer_from(content)
    except (ValueError, KeyError, TypeError, AttributeError):  # taken for no result, and made again
        return
    assert fields(layer)


@fuzzed()
@given(
    content=changed(
        [
            each.encode()
            for each in (
                'ethics "in the village" -storyboard theme:ethics language:ja speaker:"Director (Japan)"',
                "after:2025-03 before:2025 quality:good reviewed:yes state:draft 倫理 「未来」 name:busan",
                "ética اخلاق 윤리 -\"x\" theme:'a' ：language：ko",
            )
        ]
    ),
    mode=st.sampled_from(["words", "meaning", "hybrid"]),
)
def test_queries(archive: Archive, content: bytes, mode: Any) -> None:
    query = parse(content.decode("utf-8", "surrogateescape"))
    assert isinstance(query, SearchQuery)


@fuzzed(usual=15)
@given(text=st.text(max_size=60), mode=st.sampled_from(["words", "meaning", "hybrid"]))
def test_searches(archive: Archive, text: str, mode: Any) -> None:
    index = SearchIndex.open(archive, embed)
    told(lambda: index.find(replace(parse(text), mode=mode)))


LINES = [
    b'{"id": "1", "text": "A film on AI ethics.", "language": "en", "themes": ["ethics", "future"]}',
    "plain 映画 text".encode(),
    b'  {"text": "", "themes": []}',
]


@fuzzed()
@given(content=changed(LINES))
@example(content=b'{"text": ' + b"9" * 5000 + b"}")
@example(content=b'{"text": ' + b"[" * 5000)
def test_lines_of_text(content: bytes) -> None:
    """What `symposia tag` and `symposia themes train --labels` read."""
    lines = content.decode("utf-8", "replace").split("\n")
    told(lambda: [_text_of(number, line) for number, line in enumerate(lines, 1)])
    told(lambda: read_labels(lines, TAXONOMY, FakeEmbedder()))
