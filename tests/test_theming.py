"""`symposia themes`: what people say of themes on the command line, and what the tagger learns."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes_meaning import WordEmbedder
from rich.console import Console
from sample_archive import fill
from typer.testing import CliRunner

from flows import theming
from flows.cli import app
from flows.models import TRAINED_THEMES
from flows.yamlfile import configs_dir
from nlp.taxonomy import Remark, Taxonomy, Theme
from nlp.theme_training import read_scorer
from transcripts.archive import Archive
from transcripts.errors import ConfigurationError, FormatError, SymposiaError

TAXONOMY = Taxonomy(
    (
        Theme("making", {"en": "Making"}, "To draw.", (Remark("en", "we draw"),)),
        Theme("owing", {"en": "Owing"}, "Consent.", (Remark("en", "without consent"),)),
    ),
    (Remark("en", "lunch is downstairs"),),
)
SAID = {"draw and play": ["making"], "soon, soon": ["owing"], "lunch": [], "years of lunch": []}
LINES = [json.dumps({"text": text, "themes": themes}) for text, themes in SAID.items()] * 6


@pytest.fixture
def archive_dir(tmp_path: Path) -> Path:
    with Archive.open(tmp_path / "a", create=True) as archive:
        fill(archive)
    return tmp_path / "a"


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models of a few words, and a conference that has no file."""
    embedder = WordEmbedder()
    models = SimpleNamespace(taxonomy=TAXONOMY, embedder=embedder, embedding_signature=embedder.signature)
    monkeypatch.setattr(theming, "Models", lambda *_: models)
    monkeypatch.setattr(theming, "load_conference", lambda path: SimpleNamespace(themes=path))


def run(*arguments: str) -> None:
    """Run a command; what a user can mend is raised."""
    result = CliRunner().invoke(app, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output


@pytest.mark.usefixtures("words")
def test_labels_are_learned_and_kept_in_the_archive(archive_dir: Path) -> None:
    console = Console(record=True, width=100)
    assert theming.train_themes(Path("c.yaml"), archive_dir, LINES, "embedded", console)
    scorer = read_scorer(archive_dir / TRAINED_THEMES)
    assert scorer is not None
    assert scorer.passages == len(LINES)
    told = console.export_text()
    assert "owing" in told
    assert "symposia run" in told


@pytest.mark.usefixtures("words")
def test_what_is_worse_than_nothing_learned_is_not_kept(archive_dir: Path) -> None:
    wrong = [{"text": "draw", "themes": ["making"]}, {"text": "consent", "themes": ["owing"]}] * 6
    noise = [{"text": "draw consent", "themes": themes} for themes in ([], ["making"], ["owing"])] * 9
    console = Console(record=True, width=100)
    lines = [json.dumps(each) for each in (*wrong, *noise)]
    assert not theming.train_themes(Path("c.yaml"), archive_dir, lines, "embedded", console)
    assert not (archive_dir / TRAINED_THEMES).exists()
    assert "Not kept" in console.export_text()


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("soon", "line 1 of the labels is no object"),
        ('{"text": "soon"}', "line 1 of the labels is no object"),
        ('{"text": null, "themes": []}', "line 1 of the labels is no object"),
        ('{"text": " ", "themes": []}', "line 1 of the labels is no object"),
        ('{"text": "soon", "themes": "owing"}', "line 1 of the labels is no object"),
        ('{"text": "soon", "themes": ["owning"]}', "names owning: the themes are making, owing"),
    ],
)
def test_labels_that_are_none_are_told(archive_dir: Path, line: str, told: str) -> None:
    with pytest.raises(FormatError, match=told):
        theming.train_themes(Path("c.yaml"), archive_dir, [line], "embedded", Console(quiet=True))


@pytest.mark.usefixtures("words")
def test_decisions_on_what_another_encoder_embedded_are_told(archive_dir: Path) -> None:
    with Archive.open(archive_dir) as archive:
        passage = archive.entries()[0].passage.id
        theme = archive.conferences()[0].themes[0].id
    theming.decide(archive_dir, passage, theme, True, "ana")
    with pytest.raises(ConfigurationError, match=r"\(1\) is embedded by .*--profile"):
        theming.train_themes(Path("c.yaml"), archive_dir, [], "embedded", Console(quiet=True))


@pytest.mark.usefixtures("words")
def test_a_tagger_that_does_not_learn_is_not_trained(archive_dir: Path, tmp_path: Path) -> None:
    written = (configs_dir() / "profiles" / "embedded.yaml").read_text(encoding="utf-8")
    profile = tmp_path / "reading.yaml"
    profile.write_text(f"{written}\nthemes:\n  model: someone/nli\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="themes by someone/nli, which does not learn"):
        theming.train_themes(Path("c.yaml"), archive_dir, LINES, str(profile), Console(quiet=True))


def test_a_passage_is_confirmed_and_rejected_by_command(archive_dir: Path) -> None:
    with Archive.open(archive_dir) as archive:
        passage = archive.entries()[0].passage.id
        theme = archive.conferences()[0].themes[0].id
    for command, belongs in (("confirm", True), ("reject", False)):
        run("themes", command, passage, theme, "--archive", str(archive_dir), "--reviewer", "ana")
        with Archive.open(archive_dir) as archive:
            assert archive.theme_decisions() == {passage: {theme: belongs}}


def test_what_is_not_there_is_told(archive_dir: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no theme 'etics'"):
        run("themes", "confirm", "p", "etics", "--archive", str(archive_dir), "--reviewer", "ana")
    with pytest.raises(SymposiaError, match="cannot be read"):
        run("themes", "train", "c.yaml", "--archive", str(archive_dir), "--labels", "/nowhere.jsonl")


def test_the_packaged_themes_export_as_skos(tmp_path: Path) -> None:
    out = tmp_path / "themes.jsonld"
    run("themes", "export", "--base", "https://example.org/", "-o", str(out))
    graph = json.loads(out.read_text(encoding="utf-8"))["@graph"]
    assert [each["type"] for each in graph] == ["skos:ConceptScheme", *["skos:Concept"] * 3]
    assert graph[2]["id"] == "https://example.org/ethics"
    assert {"@value": "倫理", "@language": "ja"} in graph[2]["skos:altLabel"]
