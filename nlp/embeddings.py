"""Meaning as vectors: multilingual E5, from a package or from the model hub.

E5 (Wang et al. 2024, https://arxiv.org/abs/2402.05672) wants 'query: ' before what is
searched for and 'passage: ' before what is searched in. It reads 512 tokens at a
time: a longer text is read in windows, whose means are averaged by their length.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import numpy as np
import numpy.typing as npt

from nlp.cache import Notify
from nlp.machine import thread_count
from nlp.packed_e5 import REPLACEMENTS, TOKENIZER
from nlp.weights import Weights, describe, quiet_libraries, resolve, silent
from transcripts.errors import ModelError
from transcripts.records import Signature

Vectors = npt.NDArray[np.float32]  # shape (n, dim), rows of length one

PREFIX = "passage:"
WINDOW_TOKENS = 510  # 512 less the marks of beginning and end
MODEL = "model.bin"  # in a folder that CTranslate2 can load
BLANKS = re.compile(" {2,}")
BATCH_TOKENS = 4096  # read at once: about 0.5 GB with multilingual-e5-large


@dataclass(frozen=True, slots=True)
class EmbeddingOptions:
    """Which encoder, and where it runs."""

    model: str = "embedded:e5-small"
    device: str = "auto"  # 'auto' takes a GPU where there is one; the embedded encoder knows only processors
    threads: int = 0  # 0: as many as the machine has cores

    def __post_init__(self) -> None:
        if self.threads < 0:
            raise ModelError(f"embedding option threads={self.threads} is out of range: use 0 or more.")


class Embedder(Protocol):
    """Anything that turns texts into unit vectors."""

    @property
    def signature(self) -> Signature: ...

    @property
    def dim(self) -> int: ...

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts to be found, shape (len(texts), dim)."""
        ...

    def query(self, text: str) -> Vectors:
        """The vector of what is looked for, shape (dim,)."""
        ...

    def tokens(self, texts: Sequence[str]) -> list[Vectors]:
        """Unit vectors of the tokens of each text, in their context, each of shape (tokens, dim)."""
        ...


class _Windowed:
    """What E5 models have in common: prefixes, windows, and means weighted by length."""

    dim: int

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._embed([f"{PREFIX} {_plain(text)}" for text in texts])

    def query(self, text: str) -> Vectors:
        vector: Vectors = self._embed([f"query: {_plain(text)}"])[0]
        return vector

    def tokens(self, texts: Sequence[str]) -> list[Vectors]:
        """Those of the first window of each text."""
        (before,) = map(len, self._tokens([PREFIX]))
        windows = [
            each[:WINDOW_TOKENS] for each in self._tokens([f"{PREFIX} {_plain(text)}" for text in texts])
        ]
        order = sorted(range(len(windows)), key=lambda number: len(windows[number]))
        read = self._read([windows[number] for number in order], lambda states: states[1 + before : -1])
        found = dict(zip(order, read, strict=True))
        return [each / np.linalg.norm(each, axis=1, keepdims=True) for _, each in sorted(found.items())]

    def _embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts that carry their prefix, shape (len(texts), dim)."""
        windows = [
            (number, tokens[start : start + WINDOW_TOKENS])
            for number, tokens in enumerate(self._tokens(texts))
            for start in range(0, max(1, len(tokens)), WINDOW_TOKENS)
        ]
        windows.sort(key=lambda window: len(window[1]))
        sums = np.zeros((len(texts), self.dim), dtype=np.float64)
        means = self._read([tokens for _, tokens in windows], lambda states: states.mean(axis=0))
        for (number, tokens), mean in zip(windows, means, strict=True):
            sums[number] += mean * max(1, len(tokens))
        vectors: Vectors = (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype(np.float32)
        return vectors

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text, without marks of beginning and end."""
        raise NotImplementedError

    def _read(
        self, windows: Sequence[Sequence[int]], kept: Callable[[Vectors], Vectors]
    ) -> Iterator[Vectors]:
        """What is kept of the last layer over each window's tokens and marks, shape (tokens + 2, dim).

        The windows should come shortest first.
        """
        raise NotImplementedError


class ConvertedE5(_Windowed):
    """An E5 model that CTranslate2 runs in int8, a window a thread.

    No window shares a batch with another, so that a text gives the same vector in any company.
    """

    def __init__(self, weights: Weights, options: EmbeddingOptions) -> None:
        """Load weights and tokenizer. Raises ModelError when they are not whole."""
        import ctranslate2
        from sentencepiece import SentencePieceProcessor

        self._threads = thread_count(options.threads)
        try:
            replacements = json.loads((weights.path / REPLACEMENTS).read_text(encoding="utf-8"))
            self._pieces = SentencePieceProcessor(model_file=str(weights.path / TOKENIZER))
            self._encoder = ctranslate2.Encoder(
                str(weights.path), compute_type="int8", inter_threads=self._threads, intra_threads=1
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"{weights.path} is not an encoder that CTranslate2 can load ({error}): give the folder of a "
                "transformers model, such as intfloat/multilingual-e5-small."
            ) from error
        self._replaced = str.maketrans(replacements)
        self.signature = _signature(options, weights.revision, weights.licence)
        self.dim: int = next(self._read([[]], lambda states: states)).shape[1]

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        plain = [BLANKS.sub(" ", text.translate(self._replaced)) for text in texts]
        tokens: list[list[int]] = self._pieces.encode(plain)
        return tokens

    def _read(
        self, windows: Sequence[Sequence[int]], kept: Callable[[Vectors], Vectors]
    ) -> Iterator[Vectors]:
        first, last = self._pieces.bos_id(), self._pieces.eos_id()

        def read(window: Sequence[int]) -> Vectors:
            states = self._encoder.forward_batch([[first, *window, last]]).last_hidden_state
            return kept(np.array(states, dtype=np.float32)[0])

        if len(windows) == 1:
            return iter([read(windows[0])])
        with ThreadPoolExecutor(self._threads) as pool:
            return iter(list(pool.map(read, windows)))


class TransformersE5(_Windowed):
    """An E5 model of any size in the transformers format, run by torch."""

    def __init__(self, weights: Weights, options: EmbeddingOptions) -> None:
        """Load weights and tokenizer. Raises ModelError when they are not those of an encoder."""
        quiet_libraries()
        try:
            import torch
            from transformers import AutoModel, AutoTokenizer
            from transformers.utils import logging
        except ImportError as error:
            raise ModelError(
                f"{weights.name} needs torch and transformers ({error}): pip install 'symposia[hub]'."
            ) from error
        device = options.device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.set_num_threads(thread_count(options.threads))
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(str(weights.path), local_files_only=True)
            model = AutoModel.from_pretrained(str(weights.path), local_files_only=True, dtype=torch.float32)
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(
                f"{weights.path} is not an encoder that transformers can load ({error}): it needs "
                "config.json, model.safetensors and a tokenizer, as intfloat/multilingual-e5-small has them."
            ) from error
        self._model = model.eval().to(device)
        self._device = device
        self.signature = _signature(options, weights.revision, weights.licence)
        self.dim: int = model.config.hidden_size

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        encoded = self._tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)
        ids: list[list[int]] = encoded["input_ids"]
        return ids

    def _read(
        self, windows: Sequence[Sequence[int]], kept: Callable[[Vectors], Vectors]
    ) -> Iterator[Vectors]:
        start = 0
        while start < len(windows):
            # longest last: a batch is as many windows as its longest still lets in
            end = start + 1
            while end < len(windows) and (end + 1 - start) * (len(windows[end]) + 2) <= BATCH_TOKENS:
                end += 1
            yield from map(kept, self._batch(windows[start:end]))
            start = end

    def _batch(self, windows: Sequence[Sequence[int]]) -> Iterator[Vectors]:
        """The states of windows that are read at once."""
        import torch

        first, last = self._tokenizer.cls_token_id, self._tokenizer.sep_token_id
        marked = [[first, *window, last] for window in windows]
        longest = max(map(len, marked))
        pad = self._tokenizer.pad_token_id
        ids = torch.tensor([tokens + [pad] * (longest - len(tokens)) for tokens in marked])
        lengths = torch.tensor([[len(tokens)] for tokens in marked])
        mask = (torch.arange(longest)[None, :] < lengths).to(self._device)
        with torch.inference_mode():
            states = self._model(input_ids=ids.to(self._device), attention_mask=mask).last_hidden_state
        for tokens, each in zip(marked, states.cpu().numpy(), strict=True):
            yield each[: len(tokens)]


EMBEDDERS: Mapping[str, Callable[[Weights, EmbeddingOptions], Embedder]] = MappingProxyType(
    {"ctranslate2": ConvertedE5, "transformers": TransformersE5}
)


def load_embedder(options: EmbeddingOptions, notify: Notify) -> Embedder:
    """The encoder that the options name: a folder with model.bin is CTranslate2's, another transformers'.

    Raises ModelError with what is missing and how to bring it.
    """
    weights = resolve(options.model, notify, convert=False)
    return EMBEDDERS["ctranslate2" if (weights.path / MODEL).is_file() else "transformers"](weights, options)


def embedding_signature(options: EmbeddingOptions, notify: Notify = silent) -> Signature:
    """What the embedder's signature will be, without loading it."""
    known = describe(options.model, notify)
    return _signature(options, known.revision, known.licence)


def _signature(options: EmbeddingOptions, revision: str, licence: str) -> Signature:
    settings: dict[str, object] = {"window_tokens": WINDOW_TOKENS}
    if options.model.startswith("embedded:") or (Path(options.model).expanduser() / MODEL).is_file():
        settings["arithmetic"] = "int8"
    return Signature("nlp.embeddings", options.model, revision, licence, settings)


def _plain(text: str) -> str:
    """A text without what tokenizers choke on: lone surrogates and control characters."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in whole)
