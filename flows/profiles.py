"""Profiles: which model does what, and how. The packaged ones are in configs/profiles/.

A model is named by one of three kinds of name: 'embedded:...' (weights that install
as packages), 'owner/name' (the model hub), or the path of a local folder or file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from flows.yamlfile import Described, configs_dir, read_yaml, resolved, suggestion, validated
from nlp.languages import language
from transcripts.errors import ConfigurationError

DEFAULT_PROFILE = "embedded"


def _model_name(value: str, info: ValidationInfo) -> str:
    """A name as it stands, a path absolute; what begins with '/', '.' or '~' is a path and must exist."""
    path = resolved(value, info)
    if path.exists():
        return str(path)
    if value.startswith(("/", ".", "~")):
        raise ValueError(f"{path} does not exist: correct the path, or name a model such as 'owner/name'.")
    return value


def _language_pair(value: str) -> str:
    """Two known codes, joined by a hyphen."""
    codes = value.split("-")
    if len(codes) != 2 or codes[0] == codes[1]:
        raise ValueError(f"{value!r} is no pair of languages: write two codes, such as ja-en.")
    try:
        return "-".join(language(code).code for code in codes)
    except ConfigurationError as error:
        raise ValueError(str(error)) from error


Model = Annotated[str, Field(min_length=1), AfterValidator(_model_name)]
LanguagePair = Annotated[str, AfterValidator(_language_pair)]
ComputeType = Literal[  # as CTranslate2 names them
    "auto", "int8", "int8_float16", "int8_bfloat16", "int8_float32", "int16", "float16", "bfloat16", "float32"
]  # fmt: skip


class _Engine(Described):
    """Where a model runs."""

    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto takes a GPU where there is one"
    )
    threads: int = Field(
        default=0, ge=0, description="processor threads; 0: as many as the machine has cores"
    )


class SpeechProfile(_Engine):
    """`speech`: a Whisper model in the CTranslate2 format."""

    model: Model = Field(description="name or path of the model")
    compute_type: ComputeType = Field(
        default="int8", description="number format to compute in; int8 is fastest on a CPU"
    )
    beam_size: int = Field(default=5, ge=1, le=20, description="hypotheses kept while decoding; 1 is fastest")


class SpeakersProfile(Described):
    """`speakers`: a voice encoder."""

    model: Model = Field(default="embedded:ge2e", description="name or path of the model")
    diarization: Model | None = Field(
        default=None, description="a pyannote pipeline that tells who speaks when; left out: our own"
    )
    max_speakers: int | None = Field(
        default=None, ge=1, description="the most voices in a recording; left out: the panel's speakers"
    )


class TranslationProfile(_Engine):
    """`translation`: text to text."""

    kind: Literal["few-shot", "seq2seq"] = Field(
        description="few-shot: a language model shown examples; seq2seq: a translation model"
    )
    model: Model = Field(description="name or path of the model")
    compute_type: ComputeType = Field(
        default="int8", description="number format to compute in; int8 is fastest on a CPU"
    )
    beam_size: int = Field(default=4, ge=1, le=20, description="hypotheses kept while decoding; 1 is fastest")
    pairs: Mapping[LanguagePair, Model] = Field(
        default={}, description="seq2seq models for single pairs of languages, such as ja-en"
    )


class EmbeddingProfile(_Engine):
    """`embedding`: a multilingual text encoder, for themes and search by meaning."""

    model: Model = Field(description="name or path of the model")


class ThemesProfile(_Engine):
    """`themes`: what tells whether a passage belongs to a theme."""

    model: Model | None = Field(
        default=None,
        description="a model of natural language inference; left out: by the vectors of `embedding`",
    )


class Profile(Described):
    """The whole file."""

    description: str = Field(default="", description="what the profile is for, in a sentence")
    speech: SpeechProfile = Field(description="transcription and language identification")
    speakers: SpeakersProfile = Field(default=SpeakersProfile(), description="telling voices apart")
    translation: TranslationProfile = Field(description="translation to the target language")
    embedding: EmbeddingProfile = Field(description="meaning as vectors")
    themes: ThemesProfile = Field(default=ThemesProfile(), description="telling themes")
    stage_timeout: int = Field(
        default=50,
        ge=0,
        le=1_000_000,
        description="a stage is given up after so many times its recording's length; 0: never",
    )


def profile_names() -> tuple[str, ...]:
    """The packaged profiles."""
    return tuple(sorted(path.stem for path in (configs_dir() / "profiles").glob("*.yaml")))


def is_file(given: str) -> bool:
    """Whether a profile is meant by the path of its file, and not by a name of ours."""
    return given not in profile_names() and (given.endswith((".yaml", ".yml")) or "/" in given)


def load_profile(name_or_path: str | Path = DEFAULT_PROFILE) -> Profile:
    """A packaged profile by name, or one of your own by the path of its YAML file.

    Raises ConfigurationError when there is none, or with every mistake found in it.
    """
    given = str(name_or_path)
    if given in profile_names():
        path = configs_dir() / "profiles" / f"{given}.yaml"
    elif is_file(given):
        path = Path(given)
    else:
        raise ConfigurationError(
            f"there is no profile {given!r}{suggestion(given, profile_names()) or '.'} "
            f"Choose from {', '.join(profile_names())}, or give the path of your own (a .yaml file)."
        )
    return validated(Profile, read_yaml(path))
