"""What a recogniser decodes again, in which batches, and which models it refuses. No weights are needed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ctranslate2
import numpy as np
import pytest
from fakes_speech import said

from nlp.asr import Decoded, Piece, Recogniser, _on_cpu
from nlp.attempts import AttemptOptions, best_attempts
from nlp.audio import SAMPLE_RATE_HZ
from nlp.guards import GuardOptions
from nlp.runs import Run
from nlp.speech_options import SpeechOptions
from transcripts.errors import ModelError
from transcripts.records import Span


class Answering(Recogniser):
    """Decodes to what is given: first, and again."""

    def __init__(self, first: Decoded, second: Decoded) -> None:
        self.options = SpeechOptions()
        self._answers = {False: first, True: second}
        self.again: list[Piece] = []

    def _decoded(self, pieces: Sequence[Piece], again: bool) -> list[Decoded]:
        self.again += pieces if again else []
        return [self._answers[again] for _ in pieces]


def piece(seconds: float, code: str = "fa", settled: bool = False) -> Piece:
    return Piece(np.zeros(round(seconds * SAMPLE_RATE_HZ), dtype=np.float32), code, settled=settled)


class Limited(Recogniser):
    """Says how many tokens each piece may have, and what it shared its batch with."""

    def __init__(self) -> None:
        self.options = SpeechOptions()
        self._workers = ThreadPoolExecutor(1)
        self.batches: list[tuple[int, ...]] = []
        self._model: Any = self

    def _encoded(self, pieces: Sequence[Piece], padded_s: float, again: bool) -> Any:
        return None

    def _tokenizer(self, code: str, task: Any = "transcribe") -> Any:
        return SimpleNamespace(
            eot=1, non_speech_tokens=(), sot_sequence=[], no_timestamps=0, decode=lambda tokens: ""
        )

    def generate(self, encoded: Any, prompts: Sequence[Any], max_length: int, **options: Any) -> list[Any]:
        self.batches.append((max_length,) * len(prompts))
        return [SimpleNamespace(sequences_ids=[[]], scores=[max_length], no_speech_prob=0.0) for _ in prompts]


def test_where_decoding_ends_depends_on_the_piece_alone() -> None:
    short, long = piece(1.5), piece(2.0)  # of one length with 6 s of silence, of two with 1 s
    together = [each.mean_log_probability for each in Limited()._decoded([short, long], again=True)]
    alone = [Limited()._decoded([each], again=True)[0].mean_log_probability for each in (short, long)]
    assert together == alone
    assert alone[0] < alone[1]


def test_pieces_of_one_length_share_a_batch() -> None:
    recogniser = Limited()
    recogniser._decoded([piece(2.4), piece(2.2), piece(2.0)], again=True)
    assert [len(batch) for batch in recogniser.batches] == [3]


def test_a_model_of_english_alone_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctranslate2.models.Whisper", lambda *_, **__: SimpleNamespace(is_multilingual=False))
    monkeypatch.setattr("tokenizers.Tokenizer.from_file", lambda _: None, raising=False)
    with pytest.raises(ModelError, match=r"'base\.en' knows English alone, .*: name a multilingual one"):
        Recogniser(tmp_path, "", SpeechOptions(model="base.en"))


@pytest.mark.parametrize("kind", ["float32", "float16", "bfloat16"])
def test_states_of_any_type_are_read(kind: str) -> None:
    states = np.array([[0.5, -2.0, 0.0]], dtype=np.float32)
    view = ctranslate2.StorageView.from_array(states).to(getattr(ctranslate2.DataType, kind))
    found = _on_cpu(view)
    assert found.dtype == np.float32
    assert np.array_equal(found, states)


LATIN, PERSIAN = said(("emruz", 0, 1)), said(("امروز", 0, 1))


@pytest.mark.parametrize(("settled", "wanted"), [(True, PERSIAN), (False, LATIN)])
def test_a_text_in_another_script_is_decoded_again_where_no_other_language_is_likely(
    settled: bool, wanted: Decoded
) -> None:
    recogniser = Answering(LATIN, PERSIAN)
    (found,) = recogniser.transcribe([piece(3.0, settled=settled)])
    assert found.text == wanted.text
    assert len(recogniser.again) == settled
    assert found.flags == (() if settled else ("script_mismatch",))


def test_a_run_that_is_surely_in_a_language_is_decoded_again_in_it() -> None:
    recogniser = Answering(LATIN, PERSIAN)
    sound = piece(3.0).samples
    run = Run(Span(0.0, 3.0), "fa", (("fa", 0.97), ("en", 0.02), ("es", 0.01)))
    (found,) = best_attempts(recogniser, [(run, sound)], AttemptOptions(), GuardOptions())
    assert (found.run.language, found.result.text) == ("fa", PERSIAN.text)


def test_what_looks_right_is_decoded_once() -> None:
    recogniser = Answering(PERSIAN, LATIN)
    assert recogniser.transcribe([piece(3.0, settled=True)])[0].text == PERSIAN.text
    assert recogniser.again == []
