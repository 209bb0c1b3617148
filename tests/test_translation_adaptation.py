"""What the embedded translator learns: from which remarks, how, and that it is what is converted."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models

from benchmarks import translation_adaptation as adaptation
from benchmarks.translation_adaptation import REMARKS, Learner, batches, learn, rate
from benchmarks.translation_inputs import sentences
from nlp.conversion import gemma_gguf_to_ctranslate2
from nlp.fewshot import LEARNED_FROM, question

NIGHT = {
    "en": "the night ends",
    "ja": "夜が終わる。",
    "fa": "شب تمام می‌شود.",
    "es": "la noche acaba",
    "ko": "밤이 끝난다.",
}
RIVER = {
    "en": "the river sings",
    "ja": "川が歌う。",
    "fa": "رود می‌خواند.",
    "es": "el río canta",
    "ko": "강이 노래한다.",
}


@pytest.fixture(scope="module")
def remarks() -> list[dict[str, str]]:
    return [json.loads(line) for line in REMARKS.read_text(encoding="utf-8").splitlines()]


def phrases(text: str, words: int) -> set[tuple[str, ...]]:
    said = text.casefold().split()
    return {tuple(said[start : start + words]) for start in range(len(said) - words + 1)}


def test_remarks_to_learn_from_say_the_same_in_five_languages(remarks: list[dict[str, str]]) -> None:
    assert len({each["en"] for each in remarks}) == len(remarks) > 3000
    assert all(set(each) == {"en", *LEARNED_FROM} for each in remarks)
    assert all(text.strip() == text != "" for each in remarks for text in each.values())


def test_no_sentence_of_the_benchmarks_is_learned(remarks: list[dict[str, str]]) -> None:
    measured = sentences()
    if not measured:
        pytest.skip("../shared/text is not here")
    told = {phrase for sample in measured for text in sample.references for phrase in phrases(text, 7)}
    assert not [each["en"] for each in remarks if phrases(each["en"], 7) & told]


def test_what_is_learned_is_what_is_converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ctranslate2
    import torch
    from sentencepiece import SentencePieceProcessor

    source, target = tiny_models.gemma(tmp_path / "gemma"), tmp_path / "converted"
    target.mkdir()
    monkeypatch.setattr(adaptation, "_prompt", lambda code, shown: "")
    monkeypatch.setattr(adaptation, "RATE", 0.02)
    torch.manual_seed(1)
    random.seed(1)
    load: Any = SentencePieceProcessor
    tokens = load(model_file=str(source / "tokenizer.model"))
    model = tiny_models.transformers().Gemma3ForCausalLM.from_pretrained(source).eval()
    learner = Learner(model, tokens, [NIGHT, RIVER])
    before = learner.loss([NIGHT, RIVER], "es", ()).item()
    learned = learn(learner, [NIGHT, RIVER], 40)
    assert learner.loss([NIGHT, RIVER], "es", ()).item() < before / 2
    assert len(learned) == 7 * 7 * 2  # layers, their parts, two matrices of each
    gemma_gguf_to_ctranslate2(source / "gemma.gguf", target, "float32", learned)
    asked = [2, *tokens.encode(question(NIGHT["es"], "es", "en"))]
    with torch.inference_mode():
        expected = model(torch.tensor([asked])).logits.numpy()
    generator = ctranslate2.Generator(str(target), compute_type="float32")
    logits = np.array(generator.forward_batch([[tokens.id_to_piece(token) for token in asked]]))
    np.testing.assert_allclose(logits, expected, atol=0.05)  # matrices are kept in half precision


def test_every_remark_is_learned_from_every_language_before_any_comes_again() -> None:
    coming = batches([NIGHT, RIVER])
    for _ in range(2):
        given = [next(coming) for _ in LEARNED_FROM]
        assert {code for code, _ in given} == set(LEARNED_FROM)
        assert all(
            sorted(each["en"] for each in batch) == ["the night ends", "the river sings"]
            for _, batch in given
        )


def test_the_rate_of_learning_rises_and_falls() -> None:
    rates = [rate(step, 200) for step in range(200)]
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] < adaptation.RATE / 10
