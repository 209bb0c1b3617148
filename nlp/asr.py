"""Speech to text through CTranslate2's Whisper: one decode path for every caller.

What differs from the usual way of running Whisper (figures: benchmarks/speech.py):

- The encoder sees the sound that is there and a second or two of silence after it, not
  30 s. The silence matters: without it the model does not hear where the speech ends,
  and repeats itself.
- What is heard depends on the piece alone: it is encoded at its own length and decoded
  at one of a few, and only pieces of one length share a batch, in any mix of languages.
- Each core works on a batch of its own. The decoder's steps are too small to share.
- Results that look wrong are decoded again with more silence after them, and the better
  of the two is kept.

Pieces are decoded without time tokens: their bounds are known beforehand, and word
times come from the alignment heads on the encoding already made.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from nlp.audio import SAMPLE_RATE_HZ, Samples
from nlp.encodings import Encodings
from nlp.impressions import Impression, Posteriors, States
from nlp.languages import fits_script, language
from nlp.machine import keep_freed_memory, thread_count
from nlp.repeats import doubled
from nlp.speech_options import SpeechOptions, speech_signature
from nlp.words import STATES_PER_S, timed_pieces, whole_words, without_stray_blanks
from transcripts.errors import ModelError
from transcripts.records import Span, Word

if TYPE_CHECKING:
    import ctranslate2
    from faster_whisper.tokenizer import Tokenizer

FRAMES_PER_S = 100  # log-mel frames of 10 ms
MOST_NAME_TOKENS = 100  # before a text; Whisper has room for 224, with what is decoded 448
STATES_AT_ONCE = 6400  # states looked at together when languages are told apart (64 windows of 2 s)

Result = TypeVar("Result")
Kind = tuple[int, float]  # tokens of names, and the length decoded at first
NO_KIND: Kind = (0, 0.0)
Task = Literal["transcribe", "translate"]  # into English; Whisper knows no other target


@dataclass(frozen=True, slots=True)
class Piece:
    """Sound to transcribe, in one language: at most 30 s less the silence put around it."""

    samples: Samples
    language: str
    hotwords: tuple[str, ...] = ()  # names to listen for; none may be said
    task: Task = "transcribe"
    settled: bool = False  # in this language, whatever it is written in: no other is likely

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
    """Whisper weights, loaded. Safe to call from several threads."""

    def __init__(self, folder: Path, revision: str, options: SpeechOptions, licence: str = "") -> None:
        """Load the CTranslate2 model in `folder`. Raises ModelError for none, and for English alone."""
        import ctranslate2
        import tokenizers
        from faster_whisper.feature_extractor import FeatureExtractor

        keep_freed_memory()
        self.options = options
        self.signature = speech_signature(options, revision, licence)
        threads = thread_count(options.threads)
        try:
            self._model = ctranslate2.models.Whisper(
                str(folder),
                device=options.device,
                compute_type=options.compute_type,
                inter_threads=threads,
                intra_threads=1,
            )
            self._tokens = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:
            raise ModelError(
                f"{folder} is not a Whisper model that CTranslate2 can load ({error}): it needs model.bin, "
                "config.json and tokenizer.json, as 'ct2-transformers-converter' makes them."
            ) from error
        if not self._model.is_multilingual:
            raise ModelError(
                f"the speech model {options.model!r} knows English alone, and cannot tell languages apart: "
                "name a multilingual one, such as Systran/faster-whisper-small (without '.en')."
            )
        self._features = FeatureExtractor(feature_size=self._model.n_mels)
        self._tokenizers: dict[tuple[str, Task], Tokenizer] = {}
        self.translates = can_translate(folder / "config.json", self._model)
        self._encodings = Encodings()
        self._workers = ThreadPoolExecutor(threads if self._model.device == "cpu" else 1)

    # Which language

    def listen(self, sounds: Sequence[Samples]) -> Impression:
        """Encode sounds (up to 28 s each), to be asked for the languages of any part of them."""

        def states(indexes: Sequence[int], padded_s: float) -> list[States]:
            return list(_on_cpu(self._encode([sounds[index] for index in indexes], padded_s)))

        durations_s = [len(sound) / SAMPLE_RATE_HZ for sound in sounds]
        around_s = self.options.lead_s, self.options.tail_s
        lengths_s = [self.options.heard_s(duration_s) for duration_s in durations_s]
        encoded = self._in_batches(lengths_s, states)
        if self._model.device == "cpu":  # a GPU encodes faster than states are moved
            for sound, heard_s, kept in zip(sounds, lengths_s, encoded, strict=True):
                self._encodings.keep(sound, heard_s, kept)
        return Impression(self.language_posteriors, encoded, durations_s, around_s)

    def language_posteriors(self, windows: Sequence[States]) -> list[Posteriors]:
        """The language of windows of states, each of shape (any, width)."""
        import ctranslate2

        def judged(indexes: Sequence[int]) -> list[Posteriors]:
            view = ctranslate2.StorageView.from_array(np.stack([windows[index] for index in indexes]))
            return [
                {token.strip("<|>"): probability for token, probability in ranked}
                for ranked in self._model.detect_language(view)
            ]

        by_length: dict[int, list[int]] = {}
        for index, window in enumerate(windows):
            by_length.setdefault(len(window), []).append(index)
        batches = [
            indexes[start : start + max(1, STATES_AT_ONCE // length)]
            for length, indexes in by_length.items()
            for start in range(0, len(indexes), max(1, STATES_AT_ONCE // length))
        ]
        found: dict[int, Posteriors] = {}
        for indexes, posteriors in zip(batches, self._workers.map(judged, batches), strict=True):
            found.update(zip(indexes, posteriors, strict=True))
        return [found[index] for index in range(len(windows))]

    # What is said

    def transcribe(self, pieces: Sequence[Piece]) -> list[Decoded]:
        """Transcribe pieces, in any mix of languages; same order and count."""
        first = self._decoded(pieces, again=False)
        faults = [self._faults(piece, result) for piece, result in zip(pieces, first, strict=True)]
        # with more silence behind it, Whisper seldom loops; what may be in another language is tried in that
        again = [
            index
            for index, (piece, found) in enumerate(zip(pieces, faults, strict=True))
            if set(found) - (set() if piece.settled else {"script_mismatch"})
        ]
        chosen = [replace(result, flags=tuple(found)) for result, found in zip(first, faults, strict=True)]
        second = self._decoded([pieces[index] for index in again], again=True)
        for index, result in zip(again, second, strict=True):
            found = self._faults(pieces[index], result)
            if _rank(result, found) < _rank(first[index], faults[index]):
                chosen[index] = replace(result, flags=tuple(found))
        return [
            replace(result, words=whole_words(result.words, piece.language))
            for piece, result in zip(pieces, chosen, strict=True)
        ]

    def translate(self, pieces: Sequence[Piece]) -> list[str]:
        """What Whisper makes of pieces in English: a second opinion, seldom a better one.

        Raises ModelError when the model was not taught to translate.
        """
        if not self.translates:
            raise ModelError(
                f"the speech model {self.options.model!r} transcribes and does not translate, as turbo "
                "and distilled models do: name another (such as "
                "Systran/faster-whisper-large-v3) to hear a second opinion, or do without."
            )
        asked = [replace(piece, task="translate", hotwords=()) for piece in pieces]
        return [each.text for each in self._decoded(asked, again=False)]

    def _faults(self, piece: Piece, result: Decoded) -> list[str]:
        """What looks wrong with a result, as flags."""
        options, faults = self.options, []
        if result.loop_ratio() > options.max_compression_ratio or doubled(result.text, piece.language):
            faults.append("repetition")
        most = options.most_tokens(options.padded_s(piece.duration_s))  # where it was cut off
        if len(result.tokens) >= min(most, options.max_tokens_per_s * max(piece.duration_s, 1.0)):
            faults.append("too_fast")
        if result.mean_log_probability < options.min_mean_log_probability:
            faults.append("low_confidence")
        if not fits_script(result.text, piece.language):
            faults.append("script_mismatch")
        return faults

    def _decoded(self, pieces: Sequence[Piece], again: bool) -> list[Decoded]:
        def decoded(indexes: Sequence[int], padded_s: float) -> list[Decoded]:
            chosen = [pieces[index] for index in indexes]
            encoded = self._encoded(chosen, padded_s, again)
            said = self._generate(chosen, encoded)
            return said if chosen[0].task == "translate" else self._with_words(chosen, said, encoded)

        # what decoding depends on besides: the room for names, and where it ends
        kinds = [(len(self._names(piece)), self.options.padded_s(piece.duration_s)) for piece in pieces]
        lengths_s = [self.options.padded_s(piece.duration_s, again) for piece in pieces]
        return self._in_batches(lengths_s, decoded, kinds)

    def _generate(self, pieces: Sequence[Piece], encoded: ctranslate2.StorageView) -> list[Decoded]:
        first_s = self.options.padded_s(pieces[0].duration_s)  # of all: without silence to loop in
        most = self.options.most_tokens(first_s) + len(self._names(pieces[0]))
        results = self._model.generate(
            encoded,
            [self._prompt(piece) for piece in pieces],
            beam_size=self.options.beam_size,
            max_length=min(448, 2 * most),  # CTranslate2 takes half of it for text and names
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=[*list(self._tokenizer(pieces[0].language).non_speech_tokens), -1],
        )
        decoded = []
        for piece, result in zip(pieces, results, strict=True):
            tokenizer = self._tokenizer(piece.language)
            tokens = tuple(token for token in result.sequences_ids[0] if token < tokenizer.eot)
            text = without_stray_blanks(tokenizer.decode(list(tokens)).strip(), piece.language)
            decoded.append(Decoded(text, tokens, float(result.scores[0]), float(result.no_speech_prob)))
        return decoded

    def _with_words(
        self, pieces: Sequence[Piece], decoded: Sequence[Decoded], encoded: ctranslate2.StorageView
    ) -> list[Decoded]:
        """The same results with word times, aligned a language at a time on the encoding at hand."""
        import ctranslate2

        timed = list(decoded)
        lead_s = self.options.lead_s
        for code in sorted({piece.language for piece in pieces}):
            indexes = [i for i, p in enumerate(pieces) if p.language == code and decoded[i].tokens]
            if not indexes:
                continue
            view = encoded
            if len(indexes) < len(pieces):
                view = ctranslate2.StorageView.from_array(np.ascontiguousarray(_on_cpu(encoded)[indexes]))
            tokenizer = self._tokenizer(code)
            alignments = self._model.align(
                view,
                tokenizer.sot_sequence,
                [list(decoded[i].tokens) for i in indexes],
                [max(2, int((lead_s + pieces[i].duration_s) * FRAMES_PER_S)) for i in indexes],
            )
            for i, alignment in zip(indexes, alignments, strict=True):
                within = Span(lead_s, lead_s + pieces[i].duration_s)
                words = timed_pieces(tokenizer, decoded[i].tokens, alignment, within)
                timed[i] = replace(timed[i], words=words)
        return timed

    def check_languages(self, codes: Sequence[str]) -> None:
        """Raise ModelError, in words, when the model does not know one of the languages."""
        for code in codes:
            self._tokenizer(code)

    def _prompt(self, piece: Piece) -> list[int]:
        tokenizer = self._tokenizer(piece.language, piece.task)
        return [*self._names(piece), *tokenizer.sot_sequence, tokenizer.no_timestamps]

    def _names(self, piece: Piece) -> list[int]:
        """Names to listen for, as tokens of what was said before."""
        if not piece.hotwords:
            return []
        tokenizer = self._tokenizer(piece.language)
        return [tokenizer.sot_prev, *tokenizer.encode(" " + ", ".join(piece.hotwords))[:MOST_NAME_TOKENS]]

    def _tokenizer(self, code: str, task: Task = "transcribe") -> Tokenizer:
        from faster_whisper.tokenizer import Tokenizer

        if (code, task) not in self._tokenizers:
            if self._tokens.token_to_id(f"<|{code}|>") is None:
                raise ModelError(
                    f"the speech model {self.options.model!r} does not know {language(code).name} "
                    f"({code!r}): choose a model that does, or take the language out of 'languages'."
                )
            self._tokenizers[code, task] = Tokenizer(self._tokens, True, task, code)
        return self._tokenizers[code, task]

    # Batches

    def _in_batches(
        self,
        lengths_s: Sequence[float],
        work: Callable[[Sequence[int], float], list[Result]],
        kinds: Sequence[Kind] = (),
    ) -> list[Result]:
        """`work(indexes, length_s)` on batches of one length and kind, in parallel; in order."""
        batches = list(self._batches(lengths_s, kinds or [NO_KIND] * len(lengths_s)))
        done = self._workers.map(lambda batch: work(*batch), batches)
        found: dict[int, Result] = {}
        for (indexes, _), results in zip(batches, done, strict=True):
            found.update(zip(indexes, results, strict=True))
        return [found[index] for index in range(len(lengths_s))]

    def _batches(
        self, lengths_s: Sequence[float], kinds: Sequence[Kind]
    ) -> Iterable[tuple[list[int], float]]:
        """Indexes by length and kind, longest first: the last batch to end is then a short one."""
        alike: dict[tuple[float, Kind], list[int]] = {}
        for index, key in enumerate(zip(lengths_s, kinds, strict=True)):
            alike.setdefault(key, []).append(index)
        for (length_s, _), indexes in sorted(alike.items(), reverse=True):
            most = max(1, int(self.options.batch_s / length_s))
            for start in range(0, len(indexes), most):
                yield indexes[start : start + most], length_s

    def _encode(self, sounds: Sequence[Samples], padded_s: float) -> ctranslate2.StorageView:
        """Encode sounds with silence around them: shape (sounds, 50 * padded_s, width)."""
        import ctranslate2

        frames = np.stack([self._log_mel(sound, padded_s) for sound in sounds])
        return self._model.encode(ctranslate2.StorageView.from_array(frames))

    def _encoded(self, pieces: Sequence[Piece], padded_s: float, again: bool) -> ctranslate2.StorageView:
        """The states of pieces at one length; what was listened to is not encoded again."""
        import ctranslate2

        states: dict[int, States] = {}
        new: dict[float, list[int]] = {}  # by the length to encode them at
        for index, piece in enumerate(pieces):
            heard_s = self.options.heard_s(piece.duration_s, again)
            if (kept := self._encodings.take(piece.samples, heard_s)) is not None:
                states[index] = kept
            else:
                new.setdefault(heard_s, []).append(index)
        for heard_s, indexes in new.items():
            encoded = _on_cpu(self._encode([pieces[index].samples for index in indexes], heard_s))
            states.update(zip(indexes, encoded, strict=True))
        whole = np.zeros((len(pieces), int(padded_s * STATES_PER_S), states[0].shape[1]), dtype=np.float32)
        for index, each in states.items():
            whole[index, : len(each)], whole[index, len(each) :] = each, each[-1]
        return ctranslate2.StorageView.from_array(whole)

    def _log_mel(self, sound: Samples, padded_s: float) -> npt.NDArray[np.float32]:
        """Shape (mels, 100 * padded_s)."""
        padded = np.zeros(int(padded_s * SAMPLE_RATE_HZ), dtype=np.float32)
        lead = int(self.options.lead_s * SAMPLE_RATE_HZ)
        kept = sound[: len(padded) - lead]
        padded[lead : lead + len(kept)] = kept
        return np.ascontiguousarray(self._features(padded, padding=0)[:, : int(padded_s * FRAMES_PER_S)])


def _rank(result: Decoded, faults: Sequence[str]) -> tuple[int, float]:
    """The lower, the better."""
    return len(faults), -result.mean_log_probability


def _on_cpu(encoded: ctranslate2.StorageView) -> States:
    import ctranslate2

    # numpy knows no bfloat16; on to the decoder they become what it calculates in
    return np.array(encoded.to_device(ctranslate2.Device.cpu).to(ctranslate2.DataType.float32))


def can_translate(config: Path, model: ctranslate2.models.Whisper) -> bool:
    """Whether a model was taught to translate.

    Turbo and distilled models of 128 mels have at most four layers in their decoder, and were only taught
    to transcribe (https://github.com/openai/whisper/discussions/2363). The layers are known from where
    the alignment heads lie.
    """
    heads = json.loads(config.read_text(encoding="utf-8")).get("alignment_heads", ())
    few_layers = bool(heads) and max(layer for layer, _ in heads) < 4
    return bool(model.is_multilingual) and not (few_layers and model.n_mels == 128)
