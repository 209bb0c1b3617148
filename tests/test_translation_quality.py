"""What is expected of translations: by a fitted regression for English, else by how sure the decoder was."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fakes_meaning import WordEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp import translation
from nlp.embeddings import EmbeddingOptions, load_embedder
from nlp.likeness import Likeness, balanced, likeness
from nlp.quality import NAMES, Estimator, estimator_digest, load_estimator
from nlp.weights import silent
from transcripts import quality
from transcripts.records import Signature

SOURCE = "2019年には、音の仕上げを四日でやってくれと会社に言われました。"
GOOD = ("In 2019 the company asked us to finish the sound in four days.", -0.4)
NEAR = ("In 2019 the company told us to finish the sound in four days.", -0.5)
ELSEWHERE = [
    ("The river is long and the weather in the north is cold.", -0.4),
    ("We ate bread with the fishermen of the village.", -0.9),
    ("He sold his house by the sea to a dentist.", -1.2),
    ("Nobody has counted the trees of this park.", -1.5),
]
WRONG = ("the the the of of of of in 3000 to the the", -2.5)


@pytest.fixture(scope="module")
def estimator() -> Estimator:
    return load_estimator("few-shot", WordEmbedder())


def test_a_likely_translation_is_expected_to_be_better_than_noise(estimator: Estimator) -> None:
    good, near, wrong = estimator.judged(SOURCE, [GOOD, NEAR, WRONG], "ja", "en")
    assert min(good.quality, near.quality) > wrong.quality
    assert min(good.preference, near.preference) > wrong.preference
    assert not estimator.doubts(0.6, "ja", "en")


@pytest.mark.model
def test_noise_and_another_sentence_are_doubted_and_not_preferred() -> None:
    estimator = load_estimator("few-shot", load_embedder(EmbeddingOptions(), silent))

    def doubted(candidates: list[tuple[str, float]]) -> set[bool]:
        judged = estimator.judged(SOURCE, candidates, "ja", "en")
        return {estimator.doubts(each.quality, "ja", "en") for each in judged}

    assert doubted([GOOD, NEAR]) == {False}
    assert doubted(ELSEWHERE) == {True}
    for other in (WRONG, ELSEWHERE[0]):
        poor, *others = estimator.judged(SOURCE, [other, GOOD, NEAR], "ja", "en")
        assert poor.preference < min(each.preference for each in others)
        assert poor.quality < min(each.quality for each in others)


def test_what_is_known_of_a_candidate_has_names(estimator: Estimator) -> None:
    known = estimator.features(SOURCE, [GOOD, WRONG], "ja")
    assert known.shape == (2, len(NAMES))
    good = dict(zip(NAMES, known[0], strict=True))
    wrong = dict(zip(NAMES, known[1], strict=True))
    assert good["probability"] == pytest.approx(math.exp(-0.4))
    assert (good["numbers kept"], good["numbers invented"]) == (1, 0)
    assert (wrong["numbers kept"], wrong["numbers invented"]) == (0, 1)
    assert wrong["distinct words"] < good["distinct words"]
    assert 0 < good["agreement"] < 1
    assert np.isfinite(known).all()


def test_what_is_left_out_of_a_translation_and_added_to_it_is_told_apart(estimator: Estimator) -> None:
    source, short = "draw play tomorrow", ("draw play", -0.5)
    full, long = ("draw play tomorrow", -0.5), ("draw play tomorrow unfair", -0.5)
    known = [
        dict(zip(NAMES, each, strict=True)) for each in estimator.features(source, [short, full, long], "es")
    ]
    kept, meant = ([each[name] for each in known] for name in ("kept", "meant"))
    assert kept[0] < kept[1] == kept[2] == pytest.approx(1.0)
    assert meant[2] < meant[0] == meant[1] == pytest.approx(1.0)
    assert known[0]["kept, least"] < known[0]["kept"] < 1.0
    assert known[1]["shared"] > known[2]["shared, weakest"]


def test_nothing_is_found_in_nothing() -> None:
    some, none = np.eye(3, dtype=np.float32), np.zeros((0, 3), np.float32)
    assert likeness(some, none) == likeness(none, some) == Likeness()
    assert balanced(likeness(some, some), Likeness()) == 0.0
    assert balanced(likeness(some, some), likeness(some, some)) == 1.0


def test_the_packaged_regression_is_of_these_features(estimator: Estimator) -> None:
    assert estimator.fitted
    assert estimator.fitted.features == NAMES


def test_a_translation_of_a_person_is_known_by_one_flag() -> None:
    assert translation.REMEMBERED == quality.REMEMBERED  # nlp may not import it from there


def test_elsewhere_it_is_how_sure_the_decoder_was(estimator: Estimator) -> None:
    for judge, target in ((estimator, "ja"), (load_estimator("seq2seq", WordEmbedder()), "en")):
        (judged,) = judge.judged("The end.", [("終わり。", -0.5)], "es", target)
        assert judged.quality == round(math.exp(-0.5), 4)
        assert judge.doubts(0.1, "es", target)
        assert not judge.doubts(0.3, "es", target)


def test_languages_that_were_not_fitted_have_a_threshold_too(estimator: Estimator) -> None:
    (judged,) = estimator.judged("La fin.", [("The end.", -0.3)], "fr", "en")
    assert 0 < judged.quality < 1
    assert estimator.doubts(0.05, "fr", "en")


def test_its_digest_names_regression_and_encoder() -> None:
    known = load_estimator("few-shot", WordEmbedder()).digest
    assert known == estimator_digest("few-shot", WordEmbedder.signature)
    assert known != estimator_digest("few-shot", Signature("another encoder"))
    assert known != estimator_digest("seq2seq", WordEmbedder.signature)


@settings(max_examples=30)
@given(st.text(max_size=50), st.lists(st.tuples(st.text(max_size=50), st.floats(-30, 2)), max_size=4))
def test_every_text_has_an_expectation(source: str, candidates: list[tuple[str, float]]) -> None:
    judge = load_estimator("few-shot", WordEmbedder())
    found = judge.judged(source, candidates, "fa", "en")
    assert len(found) == len(candidates)
    assert all(0 < each.quality < 1 and math.isfinite(each.preference) for each in found)
