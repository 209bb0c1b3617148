"""The models of a run: named by a profile, loaded when first needed, and once.

Signatures are known without loading anything, so that it can be said what is up to
date before a single weight is read.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from flows.profiles import Profile
from nlp.asr import Recogniser, SpeechOptions, speech_signature
from nlp.decoding import TranslationOptions
from nlp.embeddings import Embedder, EmbeddingOptions, embedding_signature, load_embedder
from nlp.passages import PassageOptions
from nlp.runs import RunOptions
from nlp.speakers import SpeakerOptions, speakers_signature
from nlp.taxonomy import load_taxonomy
from nlp.themes import Tagger, load_tagger, tagger_signature
from nlp.transcription import listening_signature
from nlp.translation import Translator, load_translator, translation_signature
from nlp.voices import Ge2eEncoder, VoiceEncoder
from nlp.weights import identity, resolve
from transcripts.records import Signature

Notify = Callable[[str], None]


class Models:
    """Everything that a profile names. Each property loads its model at the first use."""

    def __init__(self, profile: Profile, themes: Path, notify: Notify) -> None:
        self.profile = profile
        self._notify = notify
        self.taxonomy = load_taxonomy(themes)
        self.speech_options = SpeechOptions(**profile.speech.model_dump())
        self.speaker_options = SpeakerOptions(model=profile.speakers.model)
        self.translation_options = TranslationOptions(**profile.translation.model_dump())
        self.embedding_options = EmbeddingOptions(**profile.embedding.model_dump())
        self.run_options = RunOptions()
        self.passage_options = PassageOptions()

    @cached_property
    def recogniser(self) -> Recogniser:
        weights = resolve(self.speech_options.model, self._notify)
        return Recogniser(weights.path, weights.revision, self.speech_options, weights.licence)

    @cached_property
    def voice_encoder(self) -> VoiceEncoder:
        weights = resolve(self.speaker_options.model, self._notify)
        return Ge2eEncoder(weights.path, weights.revision, weights.licence)

    @cached_property
    def translator(self) -> Translator:
        return load_translator(self.translation_options, self._notify)

    @cached_property
    def embedder(self) -> Embedder:
        return load_embedder(self.embedding_options, self._notify)

    @cached_property
    def tagger(self) -> Tagger:
        return load_tagger(self.taxonomy, self.embedder)

    @cached_property
    def speech_signature(self) -> Signature:
        return speech_signature(self.speech_options, identity(self.speech_options.model, self._notify))

    @cached_property
    def listening_signature(self) -> Signature:
        return listening_signature(
            self.speech_options, self.run_options, identity(self.speech_options.model, self._notify)
        )

    @cached_property
    def speakers_signature(self) -> Signature:
        encoder = Signature(
            "nlp.voices", self.speaker_options.model, identity(self.speaker_options.model, self._notify)
        )
        return speakers_signature(encoder, self.speaker_options)

    @cached_property
    def translation_signature(self) -> Signature:
        return translation_signature(self.translation_options, self._notify)

    @cached_property
    def embedding_signature(self) -> Signature:
        return embedding_signature(self.embedding_options, self._notify)

    @cached_property
    def tagger_signature(self) -> Signature:
        return tagger_signature(self.taxonomy, self.embedding_signature)
