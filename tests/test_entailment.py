"""Themes by natural language inference: a tiny model knows by heart what follows from a few texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tiny_models
from fakes_meaning import WordEmbedder

from flows.models import Models
from flows.profiles import load_profile
from flows.yamlfile import configs_dir
from nlp.entailment import Entailment, EntailmentOptions, entailment_signature, hypotheses, load_entailment
from nlp.taxonomy import Remark, Taxonomy, Theme
from nlp.theme_evidence import reasons
from nlp.themes import load_tagger
from transcripts.errors import ModelError

TAXONOMY = Taxonomy(
    (
        Theme("making", {"en": "making films"}, "To draw.", (Remark("en", "we draw"),)),
        Theme("owing", {"en": "rights"}, "Consent.", (Remark("en", "without consent"),)),
    ),
    (Remark("en", "lunch is downstairs"),),
)
SAID: dict[str, set[str]] = {
    "la cámara espera": {"making"},
    "el río canta": {"owing"},
    "夜が終わる。": {"making", "owing"},
    "카메라가 돈다": set(),
}
VECTORS = np.zeros((len(SAID), 1), dtype=np.float32)  # it reads, and needs none


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pairs = [
        (text, hypothesis, "entailment" if theme in themes else "contradiction")
        for text, themes in SAID.items()
        for theme, hypothesis in zip(TAXONOMY.ids, hypotheses(TAXONOMY), strict=True)
    ]
    return tiny_models.entailment(tmp_path_factory.mktemp("nli") / "model", pairs)


@pytest.fixture(scope="module")
def judge(folder: Path) -> Entailment:
    return load_entailment(EntailmentOptions(str(folder), device="cpu", threads=1), TAXONOMY)


def test_a_text_has_the_themes_that_it_entails(judge: Entailment) -> None:
    odds = judge.log_odds(list(SAID), VECTORS)
    assert odds.shape == (4, 2)
    found = [{TAXONOMY.ids[theme] for theme in np.flatnonzero(row > 0)} for row in odds]
    assert found == list(SAID.values())


def test_a_text_is_judged_the_same_in_company(judge: Entailment) -> None:
    together = judge.log_odds(list(SAID), VECTORS)
    alone = [judge.log_odds([text], VECTORS)[0] for text in SAID]
    np.testing.assert_allclose(together, alone, atol=1e-3)
    assert judge.log_odds([], VECTORS).shape == (0, 2)


def test_a_long_text_is_read_to_its_end(judge: Entailment) -> None:
    """The best of its windows counts, so that what is said late is not lost."""
    (asked, _) = hypotheses(TAXONOMY)
    long = "카메라가 돈다 " * 400
    before = judge._judged([long], asked)
    after = judge._judged([f"{long} el río canta"], asked)
    assert len(before) > 2
    assert {round(odds, 3) for _, odds in before} != {round(odds, 3) for _, odds in after}
    (odds,) = judge.log_odds([long], VECTORS)
    assert odds[0] == max(each for _, each in before)


def test_odd_texts_are_judged(judge: Entailment) -> None:
    assert np.isfinite(judge.log_odds(["\ud800", "a\x00b", "\u200f", "", " \n", "😀"], VECTORS)).all()


def test_a_tagger_with_a_judge_gives_reasons_as_any_other(folder: Path, judge: Entailment) -> None:
    options = EntailmentOptions(str(folder), device="cpu", threads=1)
    signature = entailment_signature(options, TAXONOMY, WordEmbedder.signature)
    tagger = load_tagger(TAXONOMY, WordEmbedder(), judge=(judge, signature))
    assert tagger.signature == signature
    texts = ["la cámara espera", " ", "카메라가 돈다"]
    scores = tagger.score_texts(texts)
    assert [[each.theme_id for each in found if each.assigned] for found in scores] == [["making"], [], []]
    (why, *none) = reasons(tagger, [(text, "es") for text in texts], scores)
    assert none == [{}, {}]
    assert why["making"] == (0, len(texts[0]), "we draw")


def test_the_signature_names_the_model_and_what_is_asked(folder: Path) -> None:
    options = EntailmentOptions(str(folder))
    before = entailment_signature(options, TAXONOMY, WordEmbedder.signature)
    assert before.model == str(folder)
    assert before.revision
    drawing = Theme("making", {"en": "drawing"}, "To draw.", TAXONOMY.themes[0].examples)
    renamed = Taxonomy((drawing, TAXONOMY.themes[1]), TAXONOMY.background)
    assert entailment_signature(options, renamed, WordEmbedder.signature).digest != before.digest


def test_two_outputs_and_three_are_understood(tmp_path: Path) -> None:
    three = ("Contradiction", "Neutral", "ENTAILMENT")
    for number, labels in enumerate((three, ("entailment", "not_entailment"))):
        model = tiny_models.entailment(tmp_path / str(number), (), labels)
        judge = load_entailment(EntailmentOptions(str(model), device="cpu", threads=1), TAXONOMY)
        assert np.isfinite(judge.log_odds(["x"], VECTORS)).all()
        assert (judge._entails, judge._against) == ((2, [0]), (0, [1]))[number]


def test_a_model_that_tells_no_entailment_is_told(tmp_path: Path) -> None:
    model = tiny_models.entailment(tmp_path / "sentiment", (), ("good", "bad"))
    with pytest.raises(ModelError, match="tells good, bad, and not entailment"):
        load_entailment(EntailmentOptions(str(model)), TAXONOMY)


def test_a_model_that_is_missing_or_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no model"):
        load_entailment(EntailmentOptions(str(tmp_path / "nowhere")), TAXONOMY)
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="is not a model of natural language inference"):
        load_entailment(EntailmentOptions(str(tmp_path)), TAXONOMY)


def test_a_profile_names_the_judge(folder: Path, tmp_path: Path) -> None:
    text = (configs_dir() / "profiles" / "embedded.yaml").read_text(encoding="utf-8")
    path = tmp_path / "mine.yaml"
    path.write_text(f"{text}\nthemes: {{model: {folder}, device: cpu, threads: 1}}\n", encoding="utf-8")
    models = Models(load_profile(path), configs_dir() / "themes.yaml", print)
    assert models.trained_themes is None
    models.embedding_signature = WordEmbedder.signature
    assert models.tagger_signature.options["judge"] == "entailment"
    models.embedder = WordEmbedder()
    assert models.tagger.signature == models.tagger_signature
    (scores,) = models.tagger.score_texts(["la cámara espera"])
    assert len(scores) == 3
