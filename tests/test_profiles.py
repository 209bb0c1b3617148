"""Profiles: the packaged ones, your own, and what is told about mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import FakeModels

from flows.profiles import load_profile, profile_names
from flows.yamlfile import configs_dir
from transcripts.errors import ConfigurationError

SMALLEST = """
speech: {model: Systran/faster-whisper-tiny}
translation: {kind: seq2seq, model: facebook/m2m100_418M}
embedding: {model: intfloat/multilingual-e5-small}
"""


@pytest.mark.parametrize(
    ("name", "models"),
    [
        ("embedded", ("embedded:whisper-base", "few-shot", "embedded:gemma-3-270m", "embedded:e5-small")),
        (
            "standard",
            (
                "Systran/faster-whisper-small",
                "seq2seq",
                "facebook/m2m100_418M",
                "intfloat/multilingual-e5-small",
            ),
        ),
        (
            "quality",
            (
                "Systran/faster-whisper-large-v3",
                "seq2seq",
                "google/madlad400-3b-mt",
                "intfloat/multilingual-e5-large",
            ),
        ),
    ],
)
def test_the_packaged_profiles_name_these_models(name: str, models: tuple[str, ...]) -> None:
    profile = load_profile(name)
    assert (
        profile.speech.model,
        profile.translation.kind,
        profile.translation.model,
        profile.embedding.model,
    ) == models
    assert profile.speakers.model == "embedded:ge2e"
    assert profile.speech.compute_type == "int8"


def test_there_are_three_packaged_profiles_and_embedded_is_the_default() -> None:
    assert profile_names() == ("embedded", "quality", "standard")
    assert load_profile() == load_profile("embedded")


@pytest.mark.parametrize("name", profile_names())
def test_no_packaged_profile_uses_a_model_that_forbids_commercial_use(name: str) -> None:
    assert "nllb" not in load_profile(name).model_dump_json().casefold()


@pytest.mark.parametrize("name", profile_names())
def test_every_model_of_a_packaged_profile_has_its_licence_beside_it(name: str) -> None:
    lines = (configs_dir() / "profiles" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if line.strip().startswith("model:"):
            assert "Licence: " in "\n".join(lines[max(0, number - 4) : number + 1]), line


def test_a_profile_of_your_own_has_defaults(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SMALLEST, encoding="utf-8")
    profile = load_profile(path)
    assert profile == load_profile(str(path))
    assert profile.speech.model_dump() == {
        "device": "auto",
        "threads": 0,
        "model": "Systran/faster-whisper-tiny",
        "compute_type": "int8",
        "beam_size": 5,
    }
    assert profile.translation.beam_size == 4
    assert profile.speakers.max_speakers is None


@pytest.mark.parametrize(("written", "guests"), [("", 2), ("speakers: {max_speakers: 1}\n", 0)])
def test_as_many_voices_are_told_apart_as_the_profile_says(tmp_path: Path, written: str, guests: int) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SMALLEST + written, encoding="utf-8")
    models = FakeModels(load_profile(path), configs_dir() / "themes.yaml", print)
    assert models.speaker_options.guests == guests


@pytest.mark.parametrize("written", ["whisper", "./whisper", "../{folder}/whisper", "{path}/whisper"])
def test_a_local_path_stands_wherever_a_model_name_does(tmp_path: Path, written: str) -> None:
    (tmp_path / "whisper").mkdir()
    path = tmp_path / "mine.yaml"
    written = written.format(folder=tmp_path.name, path=tmp_path)
    path.write_text(SMALLEST.replace("Systran/faster-whisper-tiny", written), encoding="utf-8")
    assert load_profile(path).speech.model == str(tmp_path / "whisper")


def test_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        """\
speech: {model: ./nowhere, beam: 3, beam_size: 0, compute_type: int4, threads: many}
translation: {kind: seq2sec, model: ''}
embeddings: {model: x}
""",
        encoding="utf-8",
    )
    with pytest.raises(ConfigurationError) as error:
        load_profile(path)
    assert str(error.value).replace(f"{tmp_path}/", "").splitlines() == [
        "mine.yaml:1: speech.threads: input should be a valid integer, unable to parse string as an integer, "
        "not 'many': see docs/conference.md.",
        "mine.yaml:1: speech.model: nowhere does not exist: "
        "correct the path, or name a model such as 'owner/name'.",
        "mine.yaml:1: speech.compute_type: 'int4' is not known: choose from 'auto', 'int8', 'int8_float16', "
        "'int8_bfloat16', 'int8_float32', 'int16', 'float16', 'bfloat16' or 'float32'.",
        "mine.yaml:1: speech.beam_size: input should be greater than or equal to 1, not 0: "
        "see docs/conference.md.",
        "mine.yaml:1: speech.beam: unknown key, did you mean 'beam_size'?",
        "mine.yaml:1: embedding: is missing: add it (meaning as vectors).",
        "mine.yaml:2: translation.kind: 'seq2sec' is not known: choose from 'few-shot' or 'seq2seq'.",
        "mine.yaml:2: translation.model: must not be empty: fill it in, or remove the key if it is optional.",
        "mine.yaml:3: embeddings: unknown key, did you mean 'embedding'?",
    ]


def test_an_unknown_profile_is_told_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError) as error:
        load_profile("standart")
    assert str(error.value) == (
        "there is no profile 'standart', did you mean 'standard'? "
        "Choose from embedded, quality, standard, or give the path of your own (a .yaml file)."
    )


def test_a_missing_profile_file_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere/mine\.yaml cannot be read"):
        load_profile("nowhere/mine.yaml")
