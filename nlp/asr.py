"""Speech to text through CTranslate2's Whisper: one decode path for every caller.

What differs from the usual way of running Whisper (measured in
benchmarks/speech.py):

- The encoder sees only the sound that is there, not 30 s of padding. Pieces are
  put in batches by length; one batch may mix languages, as each item has a
  prompt of its own.
- A short context has one failure, repetition. Results that look like it are
  decoded again padded to 30 s, and the better of the two is kept.
- Word times come from the alignment heads, on the encoding already made.

Pieces are decoded without time tokens: their bounds are known beforehand.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nlp.audio import SAMPLE_RATE_HZ, Samples
from nlp.languages import fits_script, language
from nlp.machine import thread_count
from transcripts.errors import ModelError
from transcripts.records import Signature, Span, Word

if TYPE_CHECKING:
    import ctranslate2
    from faster_whisper.tokenizer import Tokenizer

FRAMES_PER_S = 100  # log-mel frames of 10 ms
WINDOW_S = 30.0  # what Whisper was trained on, and the longest piece it takes
BUCKET_S = 0.5  # lengths in a batch are rounded up to this, so that equal ones meet


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """How speech is recognised. Defaults were chosen on the panels of benchmarks/speech.py."""

    model: str = "embedded:whisper-base"
    compute_type: str = "int8"
    device: str = "auto"
    threads: int = 0  # 0: as many as the machine has cores
    beam_size: int = 5  # Whisper's own choice
    batch_s: float = 80.0  # sound in one batch, padding counted
    max_padding_share: float = 0.15  # of a batch that may be padding
    max_compression_ratio: float = 2.4  # gzip ratio above which text is a loop (Whisper's default)
    max_tokens_per_s: float = 14.0  # faster than anyone speaks, in any of the languages measured
    min_mean_log_probability: float = -1.0  # Whisper's own threshold for a failed decode

    def __post_init__(self) -> None:
        if self.beam_size < 1 or self.threads < 0 or self.batch_s < WINDOW_S:
            raise ModelError(
                f"speech options beam_size={self.beam_size}, threads={self.threads}, batch_s={self.batch_s} "
                f"are out of range: use beam_size >= 1, threads >= 0 and batch_s >= {WINDOW_S:g}."
            )


@dataclass(frozen=True, slots=True)
class Piece:
    """Sound to transcribe: at most 30 s, in one language."""

    samples: Samples
    language: str

    @property
    def duration_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Decoded:
    """What was heard in one piece. Word times count from the start of the piece."""

    text: str
    tokens: tuple[int, ...]
    mean_log_probability: float
    no_speech_probability: float
    flags: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()

    def loop_ratio(self) -> float:
        """How many times smaller the text compresses; loops compress well."""
        data = self.text.encode("utf-8")
        return len(data) / len(zlib.compress(data)) if data else 0.0


class Recogniser:
    """Whisper weights, loaded. Safe to call from one thread at a time."""

    def __init__(self, folder: Path, revision: str, options: SpeechOptions, licence: str = "") -> None:
        """Load the CTranslate2 model in `folder`. Raises ModelError when it is not one."""
        import ctranslate2
        import tokenizers
        from faster_whisper.feature_extractor import FeatureExtractor

        self.options = options
        self.signature = speech_signature(options, revision, licence)
        try:
            self._model = ctranslate2.models.Whisper(
                str(folder),
                device=options.device,
                compute_type=options.compute_type,
                intra_threads=thread_count(options.threads),
            )
            self._tokens = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:
            raise ModelError(
                f"{folder} is not a Whisper model that CTranslate2 can load ({error}): it needs model.bin, "
                "config.json and tokenizer.json, as 'ct2-transformers-converter' makes them."
            ) from error
        self._features = FeatureExtractor(feature_size=self._model.n_mels)
        self._tokenizers: dict[str, Tokenizer] = {}

    def language_posteriors(self, pieces: Sequence[Samples]) -> list[dict[str, float]]:
        """For each piece of sound (up to 30 s), the probability of every language the model knows."""
        found: list[dict[str, float]] = [{} for _ in pieces]
        for batch in self._batches([len(piece) for piece in pieces]):
            encoded = self._encode([pieces[index] for index in batch])
            for index, ranked in zip(batch, self._model.detect_language(encoded), strict=True):
                found[index] = {token.strip("<|>"): probability for token, probability in ranked}
        return found

    def transcribe(self, pieces: Sequence[Piece]) -> list[Decoded]:
        """Transcribe pieces, in any mix of languages; same order and count."""
        decoded: list[Decoded | None] = [None] * len(pieces)
        for batch in self._batches([len(piece.samples) for piece in pieces]):
            chosen = [pieces[index] for index in batch]
            for index, result in zip(batch, self._transcribe_batch(chosen), strict=True):
                decoded[index] = result
        return [
            self._checked(piece, result)
            for piece, result in zip(pieces, decoded, strict=True)
            if result is not None
        ]

    def _checked(self, piece: Piece, first: Decoded) -> Decoded:
        """The result with its faults as flags; decoded again where more context may help.

        Whisper was trained on 30 s at a time: with so much padding it seldom loops.
        """
        faults = self._faults(piece, first)
        if not set(faults) - {"script_mismatch"}:  # context does not change the language
            return replace(first, flags=tuple(faults))
        (second,) = self._transcribe_batch([piece], window_s=WINDOW_S)
        second_faults = self._faults(piece, second)
        rank_first = (len(faults), -first.mean_log_probability)
        rank_second = (len(second_faults), -second.mean_log_probability)
        if rank_first <= rank_second:
            return replace(first, flags=tuple(faults))
        return replace(second, flags=tuple(second_faults))

    def _faults(self, piece: Piece, result: Decoded) -> list[str]:
        """What looks wrong with a result, as flags."""
        options, faults = self.options, []
        if result.loop_ratio() > options.max_compression_ratio:
            faults.append("repetition")
        if len(result.tokens) > options.max_tokens_per_s * max(piece.duration_s, 1.0):
            faults.append("too_fast")
        if result.mean_log_probability < options.min_mean_log_probability:
            faults.append("low_confidence")
        if not fits_script(result.text, piece.language):
            faults.append("script_mismatch")
        return faults

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Indexes in batches of similar length, filled by padded sound and not by count."""
        order = sorted(range(len(lengths)), key=lambda index: lengths[index], reverse=True)
        batch: list[int] = []
        used = 0
        for index in order:
            if batch:
                longest = lengths[batch[0]]
                padded = longest * (len(batch) + 1)
                too_much = padded > self.options.batch_s * SAMPLE_RATE_HZ
                padding = 1 - (used + lengths[index]) / padded
                if too_much or padding > self.options.max_padding_share:
                    yield batch
                    batch, used = [], 0
            batch.append(index)
            used += lengths[index]
        if batch:
            yield batch

    def _encode(self, pieces: Sequence[Samples], window_s: float = 0.0) -> ctranslate2.StorageView:
        """Encode pieces padded to one length: a batch of shape (pieces, frames / 2, width)."""
        import ctranslate2

        longest_s = max(window_s, *(len(piece) / SAMPLE_RATE_HZ for piece in pieces))
        padded_s = min(WINDOW_S, math.ceil(longest_s / BUCKET_S) * BUCKET_S)
        features = np.stack([self._log_mel(piece, padded_s) for piece in pieces])
        return self._model.encode(ctranslate2.StorageView.from_array(features))

    def _log_mel(self, piece: Samples, padded_s: float) -> npt.NDArray[np.float32]:
        """Log-mel frames of shape (mels, 100 * padded_s), of the sound padded with silence."""
        wanted = int(padded_s * SAMPLE_RATE_HZ)
        padded = np.zeros(wanted, dtype=np.float32)
        padded[: min(wanted, len(piece))] = piece[:wanted]
        frames = self._features(padded, padding=0)[:, : int(padded_s * FRAMES_PER_S)]
        return np.ascontiguousarray(frames, dtype=np.float32)

    def _transcribe_batch(self, pieces: Sequence[Piece], window_s: float = 0.0) -> list[Decoded]:
        encoded = self._encode([piece.samples for piece in pieces], window_s)
        longest_s = max(piece.duration_s for piece in pieces)
        results = self._model.generate(
            encoded,
            [self._prompt(piece) for piece in pieces],
            beam_size=self.options.beam_size,
            max_length=min(448, 32 + int(longest_s * self.options.max_tokens_per_s * 1.5)),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=[*list(self._tokenizer(pieces[0].language).non_speech_tokens), -1],
        )
        decoded = []
        for piece, result in zip(pieces, results, strict=True):
            tokenizer = self._tokenizer(piece.language)
            tokens = tuple(token for token in result.sequences_ids[0] if token < tokenizer.eot)
            decoded.append(
                Decoded(
                    tokenizer.decode(list(tokens)).strip(),
                    tokens,
                    float(result.scores[0]),
                    float(result.no_speech_prob),
                )
            )
        return self._with_words(pieces, decoded, encoded)

    def _prompt(self, piece: Piece) -> list[int]:
        tokenizer = self._tokenizer(piece.language)
        return [*tokenizer.sot_sequence, tokenizer.no_timestamps]

    def _tokenizer(self, code: str) -> Tokenizer:
        from faster_whisper.tokenizer import Tokenizer

        if code not in self._tokenizers:
            if self._tokens.token_to_id(f"<|{code}|>") is None:
                raise ModelError(
                    f"the speech model {self.options.model!r} does not know {language(code).name} "
                    f"({code!r}): choose a model that does, or take the language out of 'languages'."
                )
            self._tokenizers[code] = Tokenizer(self._tokens, True, "transcribe", code)
        return self._tokenizers[code]

    def check_languages(self, codes: Sequence[str]) -> None:
        """Raise ModelError, in words, when the model does not know one of the languages."""
        for code in codes:
            self._tokenizer(code)

    def _with_words(
        self, pieces: Sequence[Piece], decoded: Sequence[Decoded], encoded: ctranslate2.StorageView
    ) -> list[Decoded]:
        """The same results with word times, aligned a language at a time on the encoding at hand."""
        import ctranslate2

        timed = list(decoded)
        states: npt.NDArray[Any] | None = None
        languages = {piece.language for piece in pieces}
        for code in sorted(languages):
            indexes = [i for i, p in enumerate(pieces) if p.language == code and decoded[i].tokens]
            if not indexes:
                continue
            view = encoded
            if len(indexes) < len(pieces):
                states = np.array(encoded) if states is None else states
                view = ctranslate2.StorageView.from_array(np.ascontiguousarray(states[indexes]))
            tokenizer = self._tokenizer(code)
            alignments = self._model.align(
                view,
                tokenizer.sot_sequence,
                [list(decoded[i].tokens) for i in indexes],
                [max(2, int(pieces[i].duration_s * FRAMES_PER_S)) for i in indexes],
            )
            for i, alignment in zip(indexes, alignments, strict=True):
                words = _words(tokenizer, decoded[i].tokens, alignment, pieces[i].duration_s)
                timed[i] = replace(timed[i], words=words)
        return timed


def speech_signature(options: SpeechOptions, revision: str, licence: str = "") -> Signature:
    """What made a transcript; threads and batches do not change it and are left out."""
    kept = asdict(options)
    model = kept.pop("model")
    for speed_only in ("threads", "batch_s", "max_padding_share", "device"):
        kept.pop(speed_only)
    return Signature("nlp.asr", model, revision, licence, kept)


def _words(
    tokenizer: Tokenizer,
    tokens: Sequence[int],
    alignment: ctranslate2.models.WhisperAlignmentResult,
    duration_s: float,
) -> tuple[Word, ...]:
    """Words with times from the alignment path (openai-whisper `timing.py`), inside 0..duration_s."""
    texts, groups = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    path = np.array(alignment.alignments, dtype=np.int64).reshape(-1, 2)
    if len(path) == 0 or len(texts) < 2:
        return ()
    jumps = np.pad(np.diff(path[:, 0]), (1, 0), constant_values=1).astype(bool)
    starts_s = path[jumps, 1] / (FRAMES_PER_S / 2)  # the encoder halves the frame rate
    bounds = np.pad(np.cumsum([len(group) for group in groups[:-1]]), (1, 0))
    times = [float(starts_s[min(bound, len(starts_s) - 1)]) for bound in bounds]
    words, reached_s = [], 0.0
    for number, (text, group) in enumerate(zip(texts[:-1], groups[:-1], strict=True)):
        first = bounds[number]
        probabilities = alignment.text_token_probs[first : first + len(group)]
        start_s = min(max(times[number], reached_s), duration_s)
        end_s = min(max(times[number + 1], start_s), duration_s)
        reached_s = end_s
        words.append(
            Word(text, Span(start_s, end_s), float(np.mean(probabilities)) if probabilities else 0.0)
        )
    return _join_punctuation(words)


def _join_punctuation(words: Sequence[Word]) -> tuple[Word, ...]:
    """Put marks without letters or digits on the word before them (or after, at the start)."""
    joined: list[Word] = []
    for word in words:
        is_mark = not any(character.isalnum() for character in word.text)
        if joined and (is_mark or not any(character.isalnum() for character in joined[-1].text)):
            last = joined[-1]
            probability = last.probability if is_mark else word.probability
            joined[-1] = Word(last.text + word.text, last.span.cover(word.span), probability)
        else:
            joined.append(word)
    return tuple(joined)
