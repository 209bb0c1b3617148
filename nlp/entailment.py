"""Themes by natural language inference: whether a text entails that it is about a theme.

After Yin et al. 2019 (https://arxiv.org/abs/1909.00161): the text is the premise, and the odds are
those of entailment against contradiction. Any model of transformers that tells entailment will do;
it learns nothing from a taxonomy's examples or from people's decisions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlp.cache import Notify
from nlp.embeddings import Vectors
from nlp.machine import thread_count
from nlp.taxonomy import Taxonomy
from nlp.themes import Scores, TaggerOptions
from nlp.weights import Weights, describe, quiet_libraries, resolve, silent
from transcripts.errors import ModelError
from transcripts.records import Signature, digest_of

BATCH_TOKENS = 4096  # read at once
OVERLAP_TOKENS = 64  # of the windows in which a long text is read
LONGEST_TOKENS = 512  # where neither the model nor its tokenizer says


@dataclass(frozen=True, slots=True)
class EntailmentOptions:
    """Which model, and where it runs."""

    model: str
    device: str = "auto"  # 'auto' takes a GPU where there is one
    threads: int = 0  # 0: as many as the machine has cores


class Entailment:
    """A judge of themes: see `nlp.themes.Judge`."""

    def __init__(self, weights: Weights, options: EntailmentOptions, taxonomy: Taxonomy) -> None:
        """Load model and tokenizer. Raises ModelError when they cannot tell entailment."""
        quiet_libraries()
        try:
            import torch
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
            from transformers.utils import logging
        except ImportError as error:
            raise ModelError(
                f"{weights.name} needs torch and transformers ({error}): pip install 'symposia[hub]'."
            ) from error
        self._device = options.device
        if options.device == "auto":
            self._device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.set_num_threads(thread_count(options.threads))
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        path = str(weights.path)
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(path, local_files_only=True)
            model = AutoModelForSequenceClassification.from_pretrained(
                path, local_files_only=True, dtype=torch.float32
            )
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(
                f"{weights.path} is not a model of natural language inference that transformers can load "
                f"({error}): it needs config.json, model.safetensors and a tokenizer."
            ) from error
        self._entails, self._against = _labels(weights.name, model.config.id2label)
        self._model = model.eval().to(self._device)
        positions = getattr(model.config, "max_position_embeddings", LONGEST_TOKENS)
        # RoBERTa counts positions from 2 on
        self._longest = min(positions - 2, self._tokenizer.model_max_length, LONGEST_TOKENS)
        self._hypotheses = hypotheses(taxonomy)

    def log_odds(self, texts: Sequence[str], vectors: Vectors) -> Scores:
        """Log-odds of each theme, shape (n, themes). Of a text read in windows, the best of any counts."""
        found = np.full((len(texts), len(self._hypotheses)), -np.inf)
        plain = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        for theme, hypothesis in enumerate(self._hypotheses):
            for number, odds in self._judged(plain, hypothesis):
                found[number, theme] = max(found[number, theme], odds)
        return found

    def _judged(self, texts: Sequence[str], hypothesis: str) -> list[tuple[int, float]]:
        """The log-odds of every window of every text, with the number of its text."""
        if not texts:
            return []
        windows = self._tokenizer(
            list(texts),
            [hypothesis] * len(texts),
            truncation="only_first",
            max_length=self._longest,
            stride=OVERLAP_TOKENS,
            return_overflowing_tokens=True,
        )
        numbers: list[int] = windows.pop("overflow_to_sample_mapping")
        rows = [dict(zip(windows, row, strict=True)) for row in zip(*windows.values(), strict=True)]
        order = sorted(range(len(rows)), key=lambda row: len(rows[row]["input_ids"]))
        found: list[tuple[int, float]] = []
        while order:
            # longest last: a batch is as many windows as its longest still lets in
            size = 1
            while size < len(order) and (size + 1) * len(rows[order[size]]["input_ids"]) <= BATCH_TOKENS:
                size += 1
            batch, order = order[:size], order[size:]
            odds = self._batch([rows[row] for row in batch])
            found += [(numbers[row], each) for row, each in zip(batch, odds, strict=True)]
        return found

    def _batch(self, rows: Sequence[Mapping[str, Sequence[int]]]) -> list[float]:
        import torch

        held = self._tokenizer.pad(list(rows), return_tensors="pt").to(self._device)
        with torch.inference_mode():
            logits = self._model(**held).logits
            odds = logits[:, self._entails] - torch.logsumexp(logits[:, self._against], dim=1)
        return [float(each) for each in odds.cpu()]


def _labels(name: str, labels: Mapping[int, str]) -> tuple[int, list[int]]:
    """Which output is entailment, and which speak against it: contradiction, or else all others.

    Raises ModelError when the model's config names no such output.
    """
    plain = {int(number): label.casefold() for number, label in labels.items()}
    entails = [number for number, label in plain.items() if label.startswith("entail")]
    if len(entails) != 1 or len(plain) < 2:
        raise ModelError(
            f"{name} tells {', '.join(labels.values())}, and not entailment: themes need a model of natural "
            "language inference, whose config.json names an output 'entailment' in id2label."
        )
    against = [number for number, label in plain.items() if label.startswith("contra")]
    return entails[0], against or [number for number in plain if number != entails[0]]


def hypotheses(taxonomy: Taxonomy) -> tuple[str, ...]:
    """What a text is asked to entail, a theme each."""
    return tuple(f"This is about {theme.name('en')}: {theme.description}" for theme in taxonomy.themes)


def load_entailment(options: EntailmentOptions, taxonomy: Taxonomy, notify: Notify = silent) -> Entailment:
    """The judge that the options name. Raises ModelError with what is missing and how to bring it."""
    return Entailment(resolve(options.model, notify, convert=False), options, taxonomy)


def entailment_signature(
    options: EntailmentOptions,
    taxonomy: Taxonomy,
    embedding: Signature,
    notify: Notify = silent,
) -> Signature:
    """What the signature of a tagger with this judge will be, without loading it."""
    known = describe(options.model, notify)
    settings = {
        "judge": "entailment",
        "hypotheses": digest_of(hypotheses(taxonomy)),
        "threshold": TaggerOptions().threshold,
        "taxonomy": taxonomy.digest,  # of whose examples the nearest is shown
        "embedding": embedding.digest,
    }
    return Signature("nlp.themes", options.model, known.revision, known.licence, settings)
