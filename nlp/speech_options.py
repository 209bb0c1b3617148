"""How speech is recognised: the options of `nlp.asr`, and the lengths that follow from them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from transcripts.errors import ModelError
from transcripts.records import Signature

CONTEXT_S = 30.0  # what Whisper was trained on, and the longest sound it takes


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """How speech is recognised. Defaults were chosen on the panels of benchmarks/speech.py."""

    model: str = "embedded:whisper-base"
    compute_type: str = "int8"
    device: str = "auto"
    threads: int = 0  # 0: as many as the machine has cores
    beam_size: int = 5  # Whisper's own choice
    lead_s: float = 0.3  # silence put before a piece: with less, a first word is lost now and then
    tail_s: float = 1.0  # silence put after it, at least: with 0.5 s, one turn in twenty loops
    tail_again_s: float = 6.0  # and where a result looks wrong: as good as 10 or 29 s, in half the time
    heard_step_s: float = 1.0  # sound and silence are encoded in multiples of this,
    # and decoded with the last state of the silence repeated, up to one of these. Closer ones pad less
    # and part more batches: a step of the decoder costs nearly as much for one piece as for two.
    lengths_s: tuple[float, ...] = (3.0, 5.0, 7.0, 9.0, 12.0, 15.0, 18.0, 22.0, 26.0, CONTEXT_S)
    batch_s: float = 80.0  # sound in one batch, padding counted: more is no faster
    max_compression_ratio: float = 2.4  # gzip ratio above which text is a loop (Whisper's default)
    max_tokens_per_s: float = 14.0  # faster than anyone speaks, in any of the languages measured
    min_mean_log_probability: float = -1.0  # Whisper's own threshold for a failed decode

    def __post_init__(self) -> None:
        if self.beam_size < 1 or self.threads < 0 or self.batch_s < CONTEXT_S:
            raise ModelError(
                f"speech options beam_size={self.beam_size}, threads={self.threads}, batch_s={self.batch_s} "
                f"are out of range: use beam_size >= 1, threads >= 0 and batch_s >= {CONTEXT_S:g}."
            )

    def heard_s(self, duration_s: float, again: bool = False) -> float:
        """The length that a piece is encoded at: it depends on the piece's own alone."""
        wanted_s = self.lead_s + duration_s + (self.tail_again_s if again else self.tail_s)
        return min(CONTEXT_S, math.ceil(wanted_s / self.heard_step_s) * self.heard_step_s)

    def padded_s(self, duration_s: float, again: bool = False) -> float:
        """The length that a piece is decoded at, likewise."""
        heard_s = self.heard_s(duration_s, again)
        return next((each for each in self.lengths_s if each >= heard_s), CONTEXT_S)

    def most_tokens(self, padded_s: float) -> int:
        """Where decoding ends: a loop would go on for ever."""
        return min(224, 16 + int(0.75 * padded_s * self.max_tokens_per_s))


def speech_signature(options: SpeechOptions, revision: str, licence: str = "") -> Signature:
    """What made a transcript; threads and batches do not change it and are left out."""
    kept = asdict(options)
    model = kept.pop("model")
    for speed_only in ("threads", "batch_s", "device"):
        kept.pop(speed_only)
    return Signature("nlp.asr", model, revision, licence, kept)
