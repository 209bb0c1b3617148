"""Deterministic stand-ins for the models: the whole flow runs on them in a second."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from flows.models import Models
from flows.profiles import Profile
from nlp.asr import Decoded, Piece
from nlp.audio import Samples
from nlp.impressions import Part
from nlp.translation import NO_GUIDANCE, Guidance, TranslatedText
from nlp.voices import Vectors, unit
from transcripts.records import Signature, Span, Word


class FakeImpression:
    """English everywhere."""

    def languages(self, parts: Sequence[Part]) -> list[dict[str, float]]:
        return [{"en": 0.9, "es": 0.1} for _ in parts]


class FakeRecogniser:
    """Hears one language for every file, and the same words in every piece."""

    def __init__(self) -> None:
        self.pieces_decoded = 0

    def check_languages(self, codes: Sequence[str]) -> None:
        pass

    def listen(self, sounds: Sequence[Samples]) -> FakeImpression:
        return FakeImpression()

    def transcribe(self, pieces: Sequence[Piece]) -> list[Decoded]:
        self.pieces_decoded += len(pieces)
        words = (Word("Machines", Span(0.1, 0.3), 0.9), Word(" dream.", Span(0.3, 0.6), 0.8))
        return [Decoded("Machines dream.", (1, 2), -0.2, 0.01, (), words) for _ in pieces]


class FakeVoices:
    """Everybody has the same voice."""

    signature = Signature("fake-voices")

    def embed(self, windows: Sequence[Samples]) -> Vectors:
        return unit(np.ones((len(windows), 4), dtype=np.float32))


class FakeEmbedder:
    """A vector from the words' hashes: texts that share words are near each other."""

    signature = Signature("fake-embedder")
    dim = 16

    def passages(self, texts: Sequence[str]) -> Vectors:
        return (
            unit(np.stack([self._vector(text) for text in texts])) if texts else np.zeros((0, 16), np.float32)
        )

    def query(self, text: str) -> Vectors:
        return np.asarray(self.passages([text])[0], dtype=np.float32)

    def tokens(self, texts: Sequence[str]) -> list[Vectors]:
        return [self.passages(text.split()) for text in texts]

    def _vector(self, text: str) -> np.ndarray:
        vector = np.full(16, 1e-3, dtype=np.float32)
        for word in text.casefold().split():
            vector[hashlib.sha256(word.encode()).digest()[0] % 16] += 1.0
        return vector


class FakeTranslator:
    """Says a text backwards."""

    signature = Signature("fake-translator")

    def __init__(self) -> None:
        self.texts_translated = 0

    def translate(
        self, texts: Sequence[str], source: str, target: str, guidance: Guidance = NO_GUIDANCE
    ) -> list[TranslatedText]:
        self.texts_translated += len(texts)
        return [TranslatedText(text[::-1], 0.5, ()) for text in texts]


class FakeModels(Models):
    """A profile whose every model is a fake; signatures and options are as given."""

    def __init__(
        self,
        profile: Profile,
        themes: Path,
        notify: Callable[[str], None],
        trained_themes: Path | None = None,
    ) -> None:
        super().__init__(profile, themes, notify, trained_themes)
        self.speech_signature = Signature("fake-speech", options={"beam_size": profile.speech.beam_size})
        self.listening_signature = Signature("fake-listening")
        self.speakers_signature = Signature("fake-speakers")
        self.translation_signature = FakeTranslator.signature
        self.embedding_signature = FakeEmbedder.signature
        self.recogniser = FakeRecogniser()  # type: ignore[assignment]
        self.voice_encoder = FakeVoices()
        self.translator = FakeTranslator()
        self.embedder = FakeEmbedder()
