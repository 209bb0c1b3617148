"""Translation models proper: M2M100, NLLB, MADLAD-400 and Marian, run by CTranslate2.

What differs between them is how the languages are told: see `ARCHITECTURES`.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nlp.cache import Notify
from nlp.conversion import TOKENIZER_FOLDER
from nlp.decoding import CUT, Candidate, Remark, TranslationOptions, batches
from nlp.languages import Language, language
from nlp.machine import keep_freed_memory, thread_count
from nlp.weights import quiet_libraries, resolve
from transcripts.errors import ModelError
from transcripts.records import Signature

BATCH_TOKENS = 2048  # of the sources in one batch
BATCH_ROWS = 16  # hypotheses decoded together by a worker: more take memory
# A beam ends when so many times its width have ended. Of the first 4 that end, all may be shorter than what
# would be best: sentences known by heart are lost with 1 (Kasai et al. 2022, arXiv:2204.05424).
PATIENCE = 2.0
WORKERS_MOST = 4  # batches decoded at a time
TOKENS_PER_TOKEN = 3  # a translation may have so many tokens for one of the source,
SPARE_TOKENS = 32  # and these besides


@dataclass(frozen=True, slots=True)
class Architecture:
    """How a family of models is told what to translate into what.

    `code` names a language as the family writes it (None: it has no such language);
    `speak` sets the tokenizer up for the source language; `before` are tokens of the
    target language that go before the source, `begins` those that a translation begins with.
    """

    code: Callable[[Language], str | None]
    speak: Callable[[Any, str], None] = lambda tokenizer, code: None
    before: Callable[[str], list[str]] = lambda code: []
    begins: Callable[[str], list[str]] = lambda code: []


def _speak(tokenizer: Any, code: str) -> None:
    tokenizer.src_lang = code


# By `model_type` of config.json; NLLB shares that of M2M100 and is told by its tokenizer.
ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType(
    {
        "m2m_100": Architecture(lambda each: each.m2m100, _speak, begins=lambda code: [f"__{code}__"]),
        "nllb": Architecture(lambda each: each.nllb or None, _speak, begins=lambda code: [code]),
        "t5": Architecture(lambda each: each.madlad, before=lambda code: [f"<2{code}>"]),
        "marian": Architecture(lambda each: each.code),
    }
)


@dataclass(frozen=True, slots=True)
class Way:
    """One way of decoding."""

    beam_size: int
    no_repeat_ngram_size: int = 0
    repetition_penalty: float = 1.0


class Seq2Seq:
    """A converted translation model with its own tokenizer."""

    ways = 3  # of decoding, as `_ways` has them

    def __init__(self, options: TranslationOptions, notify: Notify) -> None:
        """Load the model. Raises ModelError when it is missing or not one."""
        weights = resolve(options.model, notify)
        folder = weights.path / TOKENIZER_FOLDER
        if not folder.is_dir():  # converted by hand, with the tokenizer copied beside it
            folder = weights.path
        self._name = options.model
        self._family = family_of(folder)
        quiet_libraries()
        import ctranslate2

        threads = thread_count(options.threads)
        workers = min(threads, WORKERS_MOST)
        try:
            # The model first: what its loading takes for a moment is free again for the tokenizer and torch.
            self._model: Any = ctranslate2.Translator(
                str(weights.path),
                device=options.device,
                compute_type=options.compute_type,
                inter_threads=workers,  # one batch a thread: no waiting in between
                intra_threads=threads // workers,
            )
            from transformers import AutoTokenizer

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Marian's tokenizer recommends a package that changes little
                self._tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            raise ModelError(
                f"{weights.path} is not a translation model that can be loaded ({error}): it needs model.bin "
                "and the files of its tokenizer."
            ) from error
        keep_freed_memory()  # from now on: what loading frees is given back
        self._tell = ARCHITECTURES[self._family]
        wider = max(5, options.beam_size)
        self._ways = (Way(options.beam_size), Way(wider, 3), Way(wider, 3, 1.3))
        self.signature = seq2seq_signature(options, weights.revision, weights.licence)

    def check(self, source: str, target: str) -> None:
        unknown = self._tokenizer.unk_token_id
        for code in (source, target):
            own = self._tell.code(language(code))
            tokens = [*self._tell.before(own or ""), *self._tell.begins(own or "")]
            if own is None or unknown in self._tokenizer.convert_tokens_to_ids(tokens):
                raise ModelError(
                    f"{self._name} does not know {language(code).name} ({code!r}): choose another "
                    "translation model in the profile, or another language."
                )
        if self._family == "marian":
            self._check_pair(source, target)

    def _check_pair(self, source: str, target: str) -> None:
        """A Marian model translates between two languages that its tokenizer names."""
        settings = self._tokenizer.init_kwargs
        own = settings.get("source_lang") or source, settings.get("target_lang") or target
        if any(len(one) == 2 and one != asked for one, asked in zip(own, (source, target), strict=True)):
            raise ModelError(
                f"{self._name} translates from {own[0]!r} to {own[1]!r}, not from {source!r} to {target!r}: "
                f"name the model of that pair (such as Helsinki-NLP/opus-mt-{source}-{target}) in the "
                "profile."
            )
        if self._asks_for(target) == "":
            raise ModelError(
                f"{self._name} translates into several languages ({own[1]!r}), and {language(target).name} "
                f"({target!r}) is none of them: name a model of that pair in the profile."
            )

    def _asks_for(self, target: str) -> str | None:
        """What asks a Marian model of many target languages for one of them; None for other models.

        '' where it has no such language: it would write any of its own.
        """
        known = getattr(self._tokenizer, "supported_language_codes", ())
        group = str(self._tokenizer.init_kwargs.get("target_lang") or "")
        if self._family != "marian" or not known or len(group) == 2:
            return None
        codes = [f">>{code}<<" for code in (language(target).nllb[:3], target)]
        return next((code for code in codes if code in known), "")

    def decode(
        self,
        units: Sequence[str],
        source: str,
        target: str,
        way: int,
        shown: Sequence[Sequence[Remark]] = (),
    ) -> list[list[Candidate]]:
        chosen = self._ways[way]
        of_target = self._tell.code(language(target)) or target
        before = [*self._tell.before(of_target), *filter(None, [self._asks_for(target)])]
        begins = self._tell.begins(of_target)
        self._tell.speak(self._tokenizer, self._tell.code(language(source)) or source)
        asked = [[*before, *self._pieces(unit)] for unit in units]
        return [
            [
                Candidate(
                    self._text(tokens[len(begins) :]), score, (CUT,) * (len(tokens) >= _most_tokens(pieces))
                )
                for tokens, score in zip(result.hypotheses, result.scores, strict=True)
            ]
            for pieces, result in zip(asked, self.translate_pieces(asked, begins, chosen), strict=True)
        ]

    def translate_pieces(
        self,
        asked: Sequence[Sequence[str]],
        begins: Sequence[str],
        way: Way,
        written: tuple[int, int] | None = None,
    ) -> list[Any]:
        """CTranslate2's results for tokenized units, in order, longest decoded first.

        `written` are the fewest and the most tokens of a translation; by its source's length if None.
        """
        awaited: dict[int, Any] = {}
        sizes = [len(each) for each in asked]
        for batch in batches(sizes, BATCH_TOKENS, max(1, BATCH_ROWS // way.beam_size)):
            least_most = written or (1, _most_tokens(asked[batch[0]]))
            results = self._model.translate_batch(
                [list(asked[index]) for index in batch],
                target_prefix=[list(begins) or None] * len(batch),
                max_input_length=0,  # units are short; nothing is cut in silence
                min_decoding_length=least_most[0],
                max_decoding_length=least_most[1],
                beam_size=way.beam_size,
                patience=PATIENCE,
                num_hypotheses=way.beam_size,
                no_repeat_ngram_size=way.no_repeat_ngram_size,
                repetition_penalty=way.repetition_penalty,
                return_scores=True,
                asynchronous=True,
            )
            awaited.update(zip(batch, results, strict=True))
        return [awaited[index].result() for index in range(len(asked))]

    def _pieces(self, unit: str) -> list[str]:
        pieces: list[str] = self._tokenizer.convert_ids_to_tokens(self._tokenizer.encode(unit))
        return pieces

    def _text(self, tokens: Sequence[str]) -> str:
        ids = self._tokenizer.convert_tokens_to_ids(list(tokens))
        text: str = self._tokenizer.decode(ids, skip_special_tokens=True)
        return text.strip()


def _most_tokens(asked: Sequence[str]) -> int:
    """How many tokens a translation of a tokenized unit may have."""
    return len(asked) * TOKENS_PER_TOKEN + SPARE_TOKENS


def family_of(folder: Path) -> str:
    """The key of ARCHITECTURES for a tokenizer folder. Raises ModelError when there is none."""
    held = [_json(folder / name) for name in ("config.json", "tokenizer_config.json")]
    family = str(held[0].get("model_type", ""))
    kind = str(held[1].get("tokenizer_class", "")).casefold()
    if "nllb" in kind:
        family = "nllb"
    elif not family:  # a folder converted by hand, whose config.json is CTranslate2's own
        kinds = {"m2m100": "m2m_100", "t5": "t5", "marian": "marian"}
        family = next((family for start, family in kinds.items() if kind.startswith(start)), "")
    if family not in ARCHITECTURES:
        raise ModelError(
            f"{folder} is a model of type {family or 'unknown'!r}: translation models are "
            f"{', '.join(ARCHITECTURES)}. For a causal language model set translation.kind to few-shot."
        )
    return family


def seq2seq_signature(options: TranslationOptions, revision: str, licence: str) -> Signature:
    """What made a translation."""
    return options.signature(revision, licence, patience=PATIENCE)


def _json(path: Path) -> dict[str, Any]:
    try:
        held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held
