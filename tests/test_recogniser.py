"""What a recogniser decodes again, in which batches, and which models it refuses. No weights are needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from fakes_speech import said

from nlp.asr import Decoded, Piece, Recogniser
from nlp.audio import SAMPLE_RATE_HZ
from nlp.speech_options import SpeechOptions


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


def test_what_looks_right_is_decoded_once() -> None:
    recogniser = Answering(PERSIAN, LATIN)
    assert recogniser.transcribe([piece(3.0, settled=True)])[0].text == PERSIAN.text
    assert recogniser.again == []
