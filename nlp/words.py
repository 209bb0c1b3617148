"""Words with times, from the alignment of a decoder's tokens with the sound.

Whisper's tokens are pieces of words, or of letters. Where blanks are written they make
words by themselves; Japanese is put together into the words of SudachiPy.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import regex

from nlp.passages import sentence_pipeline
from transcripts.records import Span, Word

if TYPE_CHECKING:
    import ctranslate2
    from faster_whisper.tokenizer import Tokenizer

STATES_PER_S = 50  # positions of the encoder, to which tokens are aligned
_JAPANESE = r"[\p{Han}\p{Hiragana}\p{Katakana}ー々\p{Block=CJK_Symbols_And_Punctuation}！？，．：；（）]"
STRAY_BLANKS = regex.compile(rf"(?<={_JAPANESE})\s+|\s+(?={_JAPANESE})")
SEGMENTED = frozenset({"ja"})  # written without blanks, with a tokeniser of words at hand
SEGMENTING = threading.Lock()  # SudachiPy's tokeniser refuses a second thread


def timed_pieces(
    tokenizer: Tokenizer,
    tokens: Sequence[int],
    alignment: ctranslate2.models.WhisperAlignmentResult,
    within: Span,
) -> tuple[Word, ...]:
    """Words (or, without blanks, letters) with times from the alignment path of openai-whisper `timing.py`.

    Times count from the start of `within`, the part of the aligned sound that was spoken; they
    never go back and stay inside it.
    """
    texts, groups = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    path = np.array(alignment.alignments, dtype=np.int64).reshape(-1, 2)
    if len(path) == 0 or len(texts) < 2:
        return ()
    jumps = np.pad(np.diff(path[:, 0]), (1, 0), constant_values=1).astype(bool)
    starts_s = np.clip(path[jumps, 1] / STATES_PER_S, within.start_s, within.end_s) - within.start_s
    bounds = np.pad(np.cumsum([len(group) for group in groups[:-1]]), (1, 0))
    times_s = np.maximum.accumulate([starts_s[min(bound, len(starts_s) - 1)] for bound in bounds])
    probabilities = np.array(alignment.text_token_probs, dtype=np.float64)
    words = []
    for number, text in enumerate(texts[:-1]):
        held = probabilities[bounds[number] : bounds[number + 1]]
        span = Span(float(times_s[number]), float(times_s[number + 1]))
        words.append(Word(text, span, float(held.mean()) if len(held) else 0.0))
    return tuple(words)


def without_stray_blanks(text: str, code: str) -> str:
    """A text as its script writes it: in Japanese, blanks stand between words of other scripts alone."""
    return STRAY_BLANKS.sub("", text) if code in SEGMENTED else text


def whole_words(pieces: Sequence[Word], code: str) -> tuple[Word, ...]:
    """Pieces as words of the language, punctuation put to the word it stands at."""
    return _with_marks(_segmented(pieces, code) if code in SEGMENTED else pieces)


def _segmented(pieces: Sequence[Word], code: str) -> list[Word]:
    """Words of the language's tokeniser; a piece that two words share gives each its part of the time."""
    written = "".join(piece.text for piece in pieces)
    if not written.strip():
        return list(pieces)
    blanks = {at for match in STRAY_BLANKS.finditer(written) for at in range(*match.span())}
    letters = [
        (piece, number, at)
        for at, (piece, number) in enumerate(
            (piece, number) for piece in pieces for number in range(len(piece.text))
        )
        if at not in blanks
    ]
    text = "".join(written[at] for _, _, at in letters)
    spans = [piece.span for piece, _, _ in letters]
    shares = [number / len(piece.text) for piece, number, _ in letters]
    steps = [1 / len(piece.text) for piece, _, _ in letters]
    probabilities = [piece.probability for piece, _, _ in letters]
    with SEGMENTING:
        starts = [token.idx for token in sentence_pipeline(code).make_doc(text)]
    words = []
    for start, end in zip([0, *starts[1:]], [*starts[1:], len(text)], strict=True):
        first, last = spans[start], spans[end - 1]
        start_s = first.start_s + shares[start] * first.duration_s
        end_s = last.start_s + (shares[end - 1] + steps[end - 1]) * last.duration_s
        span = Span(start_s, max(start_s, end_s))
        words.append(Word(text[start:end], span, float(np.mean(probabilities[start:end]))))
    return words


def _with_marks(words: Sequence[Word]) -> tuple[Word, ...]:
    """Marks without letters or digits go to the word before them (or after, at the start)."""
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
