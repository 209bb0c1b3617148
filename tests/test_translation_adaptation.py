"""What the embedded translator learns: from which remarks, how, and that it is what is converted."""

from __future__ import annotations

import json
import random
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models

from benchmarks import translation_adaptation as adaptation
from benchmarks.translation_adaptation import REMARKS, Learner, batches, learn, rate
from benchmarks.translation_inputs import sentences
from nlp.conversion import gemma_gguf_to_ctranslate2
from nlp.doubts import words_of
from nlp.embedded import ADAPTATION
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


def phrases(text: str, code: str) -> set[tuple[str, ...]]:
    """All runs of seven words, or of 14 letters in Japanese; the whole text where it is shorter."""
    said = words_of(text, code)
    size = min(14 if code == "ja" else 7, len(said))
    return {tuple(said[start : start + size]) for start in range(len(said) - size + 1)}


def test_remarks_to_learn_from_say_the_same_in_five_languages(remarks: list[dict[str, str]]) -> None:
    assert len({each["en"] for each in remarks}) == len(remarks) > 4000
    assert all(set(each) == {"en", *LEARNED_FROM} for each in remarks)
    assert all(text.strip() == text != "" for each in remarks for text in each.values())


def test_no_sentence_of_the_benchmarks_is_learned(remarks: list[dict[str, str]]) -> None:
    measured = sentences()
    if not measured:
        pytest.skip("../shared/text is not here")
    for code in ("en", *LEARNED_FROM):
        told = [
            text
            for sample in measured
            for text in (sample.references if code == "en" else sample.sources)
            if code in ("en", sample.language)
        ]
        known = {phrase for text in told for phrase in phrases(text, code)}
        assert not [each[code] for each in remarks if phrases(each[code], code) & known]


def test_what_is_learned_is_what_is_converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ctranslate2
    import torch
    from sentencepiece import SentencePieceProcessor

    source, target = tiny_models.gemma(tmp_path / "gemma"), tmp_path / "converted"
    target.mkdir()
    monkeypatch.setattr(adaptation, "_examples", tuple)  # those are longer than this model's window
    monkeypatch.setattr(adaptation, "RATE", 0.02)
    monkeypatch.setattr(adaptation, "KEPT", 1.0)
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
    monkeypatch.setattr(adaptation, "KEPT", 0.5)
    kept = learn(learner, [NIGHT, RIVER], 0)
    for name, matrix in learned.items():
        share = 0.5 if name.endswith("up") else 1.0
        np.testing.assert_allclose(kept[name], share * matrix, atol=1e-3)


def test_every_remark_is_learned_from_every_language_before_any_comes_again() -> None:
    many = [{"en": "x" * size} for size in range(1, 301)]
    coming = batches(many)
    first: list[tuple[str, str]] = []
    while len(first) < len(many) * len(LEARNED_FROM):
        code, batch = next(coming)
        assert 1 <= len(batch) <= adaptation.BATCH
        first += [(code, each["en"]) for each in batch]
    assert sorted(first) == sorted((code, each["en"]) for code in LEARNED_FROM for each in many)


def test_what_is_packaged_is_of_every_layer_and_has_its_shape() -> None:
    with np.load(str(files("configs") / ADAPTATION), allow_pickle=False) as held:
        shapes = {name: held[name].shape for name in held.files}
    assert set(shapes) == {
        f"blk.{number}.{name}.{side}"
        for number in range(18)
        for name in adaptation.LAYERS
        for side in ("up", "down")
    }
    assert all(shapes[name][1 if name.endswith("up") else 0] == adaptation.RANK for name in shapes)


def test_the_rate_of_learning_rises_and_falls() -> None:
    rates = [rate(step, 200) for step in range(200)]
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] < adaptation.RATE / 10
