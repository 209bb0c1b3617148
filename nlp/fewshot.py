"""Translation by example: a language model that is shown a few translated remarks.

The prompt is the same for every unit of a language pair, so CTranslate2 reads it once
(`static_prompt`). The remarks are data: `configs/few_shot.yaml`.

Of the embedded model there is a second one, which has learned to translate into English and is asked for
that instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import takewhile
from typing import Any

from nlp.cache import Notify
from nlp.conversion import GEMMA_TOKENIZER
from nlp.decoding import CUT, Candidate, Remark, TranslationOptions, batches
from nlp.doubts import words_of
from nlp.embedded import ADAPTED, BASE
from nlp.languages import language
from nlp.machine import give_freed_memory_back, keep_freed_memory, thread_count
from nlp.numbers import not_among, numbers_in
from nlp.weights import Weights, describe, resolve
from transcripts.errors import ModelError
from transcripts.records import Signature, digest_of

EXAMPLES = "few_shot.yaml"
LEARNED_FROM, LEARNED_INTO = ("ja", "fa", "es", "ko"), "en"  # by the adapted model
START, END = "<bos>", ["<eos>", "\n", "\n\n"]  # of Gemma; a translation is one line
ENDS = {*END, "<0x0A>", *("\n" * count for count in range(3, 32))}  # whatever ends a line

# Hypotheses decoded together. CTranslate2 copies each one's cache of the prompt at every step, so more of
# them soon cost more than they save (31 remarks: 4 rows 48 s of processor time, 8 rows 36 s, 16 rows 35 to
# 41 s) and take memory (1.3, 1.5 and 2.6 GB).
ROWS = 8
WORKERS_MOST = 4  # batches decoded at a time: each takes its 0.4 GB
TOKENS_PER_TOKEN = 2  # a translation may have so many tokens for one of the source,
SPARE_TOKENS = 24  # and these besides


@dataclass(frozen=True, slots=True)
class Way:
    """One way of decoding: how many hypotheses of each prompt, what must not repeat, which examples."""

    beam_size: int
    no_repeat_ngram_size: int
    prompts: tuple[tuple[int, ...], ...]  # numbers of the examples shown, for each prompt


@dataclass(frozen=True, slots=True)
class Examples:
    """The translated remarks that come with symposia, and which of them make a prompt."""

    remarks: tuple[Remark, ...]
    prompts: tuple[tuple[int, ...], ...]
    again: tuple[tuple[tuple[int, ...], ...], ...]

    @property
    def digest(self) -> str:
        return digest_of([[dict(each) for each in self.remarks], self.prompts, self.again])


class FewShot:
    """A causal language model in the CTranslate2 format with a SentencePiece tokenizer."""

    def __init__(self, options: TranslationOptions, notify: Notify, shown: Examples | None = None) -> None:
        """Load the model, shown the packaged examples; or shown others, without what was learned.

        The packaged one, and what it learned, are loaded when a pair is checked or decoded that needs them.
        Raises ModelError when a model is missing or not one.
        """
        known = describe(options.model, notify)
        self._options, self._notify = options, notify
        self._has_learned = options.model == BASE and not shown
        self._models: dict[str, Any] = {}
        self._asked_last = ""
        self._tokens: Any = None  # known with the first model; those of both are the same
        if not self._has_learned:
            self._model(options.model)  # what is none is told now
        shown = shown or examples()
        self._remarks = shown.remarks
        wider = max(4, options.beam_size)
        again = tuple(Way(wider, 3, prompts) for prompts in shown.again)
        self._ways = (Way(options.beam_size, 0, shown.prompts), *again)
        self.ways = len(self._ways)
        self.signature = few_shot_signature(options, known.revision, known.licence)

    def check(self, source: str, target: str) -> None:
        language(source)
        known = set.intersection(*(set(remark) for remark in self._remarks))
        if language(target).code not in known:
            raise ModelError(
                f"There are no examples of translation into {language(target).name} ({target!r}): the "
                f"few-shot translator writes {', '.join(sorted(known))}. Add a line {target!r} to every "
                "remark of configs/few_shot.yaml, or use a profile with a translation model (standard, "
                "quality)."
            )
        self._model_for(source, target)

    def _model_for(self, source: str, target: str) -> Any:
        """The CTranslate2 generator that is asked for a pair of languages."""
        learned = self._has_learned and target == LEARNED_INTO and source in LEARNED_FROM
        return self._model(ADAPTED if learned else self._options.model)

    def _model(self, name: str) -> Any:
        if name not in self._models:
            self._tokens, self._models[name] = _loaded(resolve(name, self._notify), self._options)
        elif name != self._asked_last:
            give_freed_memory_back()  # of the other, which has its own
        self._asked_last = name
        return self._models[name]

    def decode(
        self,
        units: Sequence[str],
        source: str,
        target: str,
        way: int,
        shown: Sequence[Sequence[Remark]] = (),
    ) -> list[list[Candidate]]:
        how = self._ways[way]
        by_prompt: dict[str, list[int]] = {}  # units that are shown the same share a prompt
        for numbers in how.prompts:
            own = [self._remarks[number] for number in numbers]
            for index in range(len(units)):
                like = shown[index] if shown else ()
                by_prompt.setdefault(prompt_of([*own, *like], source, target), []).append(index)
        awaited = [
            each
            for prompt, indexes in by_prompt.items()
            for each in self._begun(units, indexes, prompt, source, target, how)
        ]
        found: list[list[Candidate]] = [[] for _ in units]
        for index, coming in awaited:
            result = coming.result()
            for whole, score in zip(result.sequences, result.scores, strict=True):
                tokens = _one_line(whole)
                text = self._tokens.decode(tokens).strip()
                echoes = self._echoes(units[index], text, source, target, shown[index] if shown else ())
                is_cut = len(tokens) >= self._most_tokens(units[index])
                found[index].append(Candidate(text, score, ("example",) * echoes + (CUT,) * is_cut))
        return found

    def _begun(
        self, units: Sequence[str], indexes: Sequence[int], prompt: str, source: str, target: str, way: Way
    ) -> list[tuple[int, Any]]:
        """Decoding of the units with these indexes, under way: each index with the result to come."""
        model = self._model_for(source, target)
        before = [START, *self._pieces(prompt)]
        asked = {index: self._pieces(question(units[index], source, target)) for index in indexes}
        begun: list[tuple[int, Any]] = []
        sizes = [len(asked[index]) for index in indexes]
        for places in batches(sizes, 1 << 20, max(1, ROWS // way.beam_size)):
            batch = [indexes[place] for place in places]
            results = model.generate_batch(
                [asked[index] for index in batch],
                static_prompt=before,
                include_prompt_in_result=False,
                end_token=END,
                max_length=max(self._most_tokens(units[index]) for index in batch),
                beam_size=way.beam_size,
                num_hypotheses=way.beam_size,
                no_repeat_ngram_size=way.no_repeat_ngram_size,
                return_scores=True,
                asynchronous=True,
            )
            begun += zip(batch, results, strict=True)
        return begun

    def _most_tokens(self, unit: str) -> int:
        """How many tokens a translation of a unit may have."""
        return len(self._pieces(unit)) * TOKENS_PER_TOKEN + SPARE_TOKENS

    def _echoes(self, unit: str, text: str, source: str, target: str, like: Sequence[Remark] = ()) -> bool:
        """Whether words of an example found their way into a translation, and nothing like them was said.

        Of remarks that are like the unit words are welcome, but not their numbers.
        """
        written, said = _phrases(text, target, 4), _phrases(unit, source, 3)
        invented = not_among(numbers_in(text, target), numbers_in(unit, source))
        shown = (*self._remarks, *like) if invented else ()
        lent = [one for remark in shown for one in numbers_in(remark[target], target)]
        return len(not_among(invented, lent)) < len(invented) or any(
            written & _phrases(remark[target], target, 4)
            and not said & _phrases(remark.get(source, ""), source, 3)
            for remark in self._remarks
        )

    def _pieces(self, text: str) -> list[str]:
        pieces: list[str] = self._tokens.encode(text, out_type=str)
        return pieces


def prompt_of(remarks: Sequence[Remark], source: str, target: str) -> str:
    """Translated remarks; where none is in the source language, they come from various languages."""
    lines = []
    for number, remark in enumerate(remarks):
        others = [code for code in remark if code != target]
        shown_in = source if source in remark else others[number % len(others)]
        lines.append(f"{question(remark[shown_in], shown_in, target)} {remark[target]}\n\n")
    return "".join(lines)


def question(text: str, source: str, target: str) -> str:
    """How a translation is asked for."""
    return f"{language(source).name}: {text}\n{language(target).name}:"


def _loaded(weights: Weights, options: TranslationOptions) -> tuple[Any, Any]:
    """The SentencePiece tokenizer and the CTranslate2 generator."""
    import ctranslate2
    from sentencepiece import SentencePieceProcessor

    threads = thread_count(options.threads)
    workers = min(threads, WORKERS_MOST)
    try:
        tokens = SentencePieceProcessor(model_file=str(weights.path / GEMMA_TOKENIZER))
        model = ctranslate2.Generator(
            str(weights.path),
            device=options.device,
            compute_type=options.compute_type,
            inter_threads=workers,  # one batch a thread: no waiting in between
            intra_threads=threads // workers,
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise ModelError(_not_usable(weights, error)) from error
    give_freed_memory_back()  # of loading, and of the model that was asked before
    keep_freed_memory()
    return tokens, model


def _one_line(tokens: Sequence[str]) -> list[str]:
    """Tokens up to the end of the line.

    Given several ends, CTranslate2's beam search goes on after one in 5 of 100 sentences, with a remark of
    the model's own. With a single end it does not, and finds more that differs, but nothing better (see
    docs/benchmarks.md), and search found less of it.
    """
    return list(takewhile(lambda token: token not in ENDS, tokens))


def _phrases(text: str, code: str, size: int) -> set[tuple[str, ...]]:
    """All phrases of `size` words, or three times as many letters where words have no blanks between."""
    words, length = words_of(text, code), size if language(code).spaced else 3 * size
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}


@lru_cache(maxsize=1)
def examples() -> Examples:
    """What configs/few_shot.yaml holds."""
    from ruamel.yaml import YAML

    held = YAML(typ="safe").load((files("configs") / EXAMPLES).read_text(encoding="utf-8"))
    return Examples(
        tuple(held["remarks"]),
        tuple(map(tuple, held["prompts"])),
        tuple(tuple(map(tuple, prompts)) for prompts in held["again"]),
    )


def few_shot_signature(options: TranslationOptions, revision: str, licence: str) -> Signature:
    """What made a translation: the examples belong to it, and what was learned besides."""
    learned = {"adapted": describe(ADAPTED).revision} if options.model == BASE else {}
    return options.signature(revision, licence, examples=examples().digest, **learned)


def _not_usable(weights: Weights, error: Exception) -> str:
    return (
        f"{weights.path} is not a language model that can translate by example ({error}): it needs "
        f"model.bin, as CTranslate2 writes it for a causal model, and {GEMMA_TOKENIZER} of SentencePiece. "
        "Name 'embedded:gemma-3-270m', or set translation.kind to seq2seq for a translation model."
    )
