"""The models of a run: named by a profile, loaded when first needed, and once.

Signatures are known without loading anything, so that it can be said what is up to
date before a single weight is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from flows.profiles import Profile
from flows.yamlfile import configs_dir, read_yaml
from nlp.asr import Recogniser
from nlp.decoding import TranslationOptions
from nlp.diarization import Diarizer, VoiceDiarizer, diarization_signature
from nlp.embeddings import Embedder, EmbeddingOptions, embedding_signature, load_embedder
from nlp.entailment import EntailmentOptions, entailment_signature, load_entailment
from nlp.guards import GuardOptions
from nlp.hints import HintOptions
from nlp.listening import Listener, listening_signature
from nlp.names import installed_models
from nlp.parts import PartOptions
from nlp.passages import PassageOptions
from nlp.pyannote import PyannoteDiarizer, load_pyannote, pyannote_signature
from nlp.runs import RunOptions
from nlp.speakers import SpeakerOptions
from nlp.speech_options import SpeechOptions, speech_signature
from nlp.taxonomy import load_taxonomy
from nlp.theme_training import read_scorer
from nlp.themes import Scorer, Tagger, load_tagger, tagger_signature
from nlp.transcription import Transcriber, TranscriptOptions, transcript_signature
from nlp.translation import Translator, load_translator, translation_signature
from nlp.voices import Ge2eEncoder, VoiceEncoder, voices_signature
from nlp.weights import identity, resolve
from transcripts.archive import Archive
from transcripts.records import Signature

Notify = Callable[[str], None]

TRAINED_THEMES = "themes-trained.json"  # in an archive: what its tagger learned from people


class Models:
    """Everything that a profile names. Each property loads its model at the first use."""

    def __init__(
        self, profile: Profile, themes: Path, notify: Notify, trained_themes: Path | None = None
    ) -> None:
        """`trained_themes` is what 'symposia themes train' wrote, if it has."""
        self.profile = profile
        self._notify = notify
        self._trained_themes = trained_themes
        self.taxonomy = load_taxonomy(themes)
        self.speech_options = SpeechOptions(**profile.speech.model_dump())
        self.speaker_options = SpeakerOptions(model=profile.speakers.model)
        if profile.speakers.max_speakers:  # whoever says how many there are at most has counted guests
            self.speaker_options = replace(self.speaker_options, guests=0)
        translation = profile.translation.model_dump()
        pairs = tuple(sorted(translation.pop("pairs").items()))
        self.translation_options = TranslationOptions(**translation, pairs=pairs)
        self.embedding_options = EmbeddingOptions(**profile.embedding.model_dump())
        self.entailment_options = (
            EntailmentOptions(profile.themes.model, profile.themes.device, profile.themes.threads)
            if profile.themes.model
            else None
        )
        self.part_options = PartOptions()
        self.run_options = RunOptions()
        self.transcript_options = TranscriptOptions(guards=GuardOptions(stock_phrases=stock_phrases()))
        self.passage_options = PassageOptions()
        self.hint_options = HintOptions()

    @cached_property
    def recogniser(self) -> Recogniser:
        weights = resolve(self.speech_options.model, self._notify)
        return Recogniser(weights.path, weights.revision, self.speech_options, weights.licence)

    @cached_property
    def voice_encoder(self) -> VoiceEncoder:
        weights = resolve(self.speaker_options.model, self._notify)
        return Ge2eEncoder(weights.path, weights.revision, weights.licence)

    @cached_property
    def listener(self) -> Listener:
        return Listener(self.recogniser, self.voice_encoder, self.run_options)

    @cached_property
    def diarizer(self) -> Diarizer:
        pipeline = self.profile.speakers.diarization
        if pipeline:
            return PyannoteDiarizer(load_pyannote(pipeline), self.voice_encoder, self.speaker_options)
        return VoiceDiarizer(self.voice_encoder, self.speaker_options)

    @cached_property
    def transcriber(self) -> Transcriber:
        return Transcriber(self.recogniser, self.transcript_options)

    @cached_property
    def translator(self) -> Translator:
        return load_translator(self.translation_options, self._notify, self.embedder)

    @cached_property
    def embedder(self) -> Embedder:
        return load_embedder(self.embedding_options, self._notify)

    @cached_property
    def tagger(self) -> Tagger:
        judge = None
        if self.entailment_options:
            loaded = load_entailment(self.entailment_options, self.taxonomy, self._notify)
            judge = loaded, self.tagger_signature
        return load_tagger(self.taxonomy, self.embedder, trained=self.trained_themes, judge=judge)

    @cached_property
    def trained_themes(self) -> Scorer | None:
        """What was learned from people's decisions; None where nothing was, or of other themes."""
        if self.entailment_options:  # does not learn
            return None
        scorer = read_scorer(self._trained_themes) if self._trained_themes else None
        made_of = self.taxonomy.digest, self.embedding_signature.digest
        if scorer and (scorer.taxonomy, scorer.embedding) != made_of:
            self._notify(
                "the themes or the encoder have changed since the tagger was trained: what it learned is not "
                "used until 'symposia themes train' is run again."
            )
            return None
        return scorer

    @cached_property
    def speech_signature(self) -> Signature:
        return speech_signature(self.speech_options, identity(self.speech_options.model, self._notify))

    @cached_property
    def listening_signature(self) -> Signature:
        return listening_signature(self.speech_signature, self.voices_signature, self.run_options)

    @cached_property
    def transcript_signature(self) -> Signature:
        return transcript_signature(self.speech_signature, self.transcript_options)

    @cached_property
    def voices_signature(self) -> Signature:
        model = self.speaker_options.model
        return voices_signature(model, identity(model, self._notify))

    @cached_property
    def speakers_signature(self) -> Signature:
        pipeline = self.profile.speakers.diarization
        if pipeline:
            return pyannote_signature(pipeline, self.voices_signature, self.speaker_options)
        return diarization_signature(self.voices_signature, self.speaker_options)

    @cached_property
    def translation_signature(self) -> Signature:
        return translation_signature(self.translation_options, self.embedding_signature, self._notify)

    @cached_property
    def name_models(self) -> dict[str, str]:
        """SpaCy's pipelines that mark names, by language code: those that are installed."""
        return installed_models()

    @cached_property
    def embedding_signature(self) -> Signature:
        return embedding_signature(self.embedding_options, self._notify)

    @cached_property
    def tagger_signature(self) -> Signature:
        if self.entailment_options:
            return entailment_signature(
                self.entailment_options, self.taxonomy, self.embedding_signature, self._notify
            )
        return tagger_signature(self.taxonomy, self.embedding_signature, trained=self.trained_themes)


def trained_in(archive: Archive) -> Path | None:
    """Where an archive has what its tagger learned from people, if it has."""
    return archive.files / TRAINED_THEMES if archive.files else None


def speaker_cues() -> Path:
    """How people name themselves and each other, for `nlp.hints`."""
    return configs_dir() / "speaker_cues.yaml"


def stock_phrases() -> dict[str, list[str]]:
    """What speech models write where nobody speaks, by language code (configs/stock_phrases.yaml)."""
    phrases: dict[str, list[str]] = read_yaml(configs_dir() / "stock_phrases.yaml").data
    return phrases
