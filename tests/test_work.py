"""What is to do: only what changed is made again, and a killed run loses nothing that was done."""

from __future__ import annotations

import wave
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeModels, FakeRecogniser

from flows.conference import conference_record, run_conference
from flows.config import Conference, GlossaryEntry, load_conference
from flows.engine import prepare
from flows.jobs import Step
from flows.layers import Layer, layer_bytes, layer_from
from flows.profiles import load_profile
from flows.request import Request
from flows.retrying import may_pass
from flows.work import bring_up_to_date, is_up_to_date, job_for, memory_of
from flows.yamlfile import configs_dir
from nlp.asr import Decoded, Piece
from nlp.parts import PartOptions
from transcripts.archive import Archive
from transcripts.errors import MediaError
from transcripts.records import Panel, Signature
from transcripts.review import ReviewDesk

CONFERENCE = """
id: talks
title: Talks
target_language: es
speakers: [{id: ann, name: Ann}]
panels:
  - {id: opening, title: Opening, languages: [en, es], recording: opening.wav}
  - {id: floor, title: Floor, captions: [{path: floor.vtt, language: ko}]}
"""
CAPTIONS = """WEBVTT

00:01.000 --> 00:04.000
<v Ann>영화는 꿈입니다.

00:05.000 --> 00:08.000
<v Bob>고맙습니다.
"""


@pytest.fixture
def conference(tmp_path: Path) -> Conference:
    with wave.open(str(tmp_path / "opening.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        noise = np.random.default_rng(7).normal(0, 3000, 16_000 * 4)
        file.writeframes(noise.astype("<i2").tobytes())
    (tmp_path / "floor.vtt").write_text(CAPTIONS, encoding="utf-8")
    (tmp_path / "talks.yaml").write_text(CONFERENCE, encoding="utf-8")
    return load_conference(tmp_path / "talks.yaml")


@pytest.fixture
def archive() -> Iterator[Archive]:
    with Archive.in_memory() as opened:
        yield opened


@pytest.fixture(autouse=True)
def speech_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A voice activity detector that takes noise for speech."""
    monkeypatch.setattr(
        "faster_whisper.vad.get_speech_timestamps",
        lambda held, options: [{"start": 8_000, "end": 40_000}] if len(held) > 40_000 else [],
    )


class Performer:
    """Runs stages, and remembers which; may be told to die before one."""

    def __init__(self, dies_before: str = "") -> None:
        self.done: list[str] = []
        self._dies_before = dies_before
        self.cache: dict[str, Layer] = {}

    def __call__(self, steps: Sequence[Step]) -> list[Layer]:
        return [self._made(step) for step in steps]

    def _made(self, step: Step) -> Layer:
        if step.name == self._dies_before:
            raise KeyboardInterrupt
        self.done.append(step.name)
        layer = step.make(lambda reached_s: None)
        assert layer_from(layer_bytes(layer)) == layer
        return layer


def models(profile: str = "embedded", themes: Path | None = None) -> FakeModels:
    return FakeModels(load_profile(profile), themes or configs_dir() / "themes.yaml", print)


def work(conference: Conference, archive: Archive, made_with: FakeModels) -> list[str]:
    """Bring everything up to date; the stages that ran."""
    performer = Performer()
    archive.set_conference(conference_record(conference))
    for source in conference.sources:
        bring_up_to_date(job_for(source, conference, made_with, archive), archive, performer)
    return performer.done


def test_a_conference_becomes_passages_with_every_layer(conference: Conference, archive: Archive) -> None:
    done = work(conference, archive, models())
    assert done[:9] == [
        *("runs", "transcript", "speakers", "passages"),
        *("names", "translation", "embedding", "translation_embedding", "themes"),
    ]
    spoken, written = archive.layers("opening"), archive.layers("floor")
    assert [passage.text for passage in spoken.passages] == ["Machines dream."]
    assert spoken.translations[0].text == ".maerd senihcaM"
    assert {passage.speaker_label: passage.speaker_id for passage in written.passages} == {
        "Ann": "ann",
        "Bob": None,
    }
    assert len(spoken.tags) == 3 * len(spoken.passages)
    assert archive.recording("floor").kind == "captions"


def test_what_is_up_to_date_is_left_alone(conference: Conference, archive: Archive) -> None:
    work(conference, archive, models())
    jobs = [job_for(source, conference, models(), archive) for source in conference.sources]
    assert all(is_up_to_date(job, archive) for job in jobs)
    assert work(conference, archive, models()) == []


def test_other_themes_tag_again_and_nothing_else(
    conference: Conference, archive: Archive, tmp_path: Path
) -> None:
    work(conference, archive, models())
    themes = tmp_path / "themes.yaml"
    text = (configs_dir() / "themes.yaml").read_text(encoding="utf-8")
    themes.write_text(
        text.replace("How films are made together", "How films are made jointly"), encoding="utf-8"
    )
    assert work(conference, archive, models(themes=themes)) == ["themes", "themes"]


def test_another_name_marks_names_again_and_hears_nothing(conference: Conference, archive: Archive) -> None:
    work(conference, archive, models())
    film = {"id": "cinema", "kind": "film", "forms": {"ko": "영화"}}
    named = conference.model_copy(update={"glossary": (GlossaryEntry.model_validate(film),)})
    done = work(named, archive, models())  # no recording is in Korean
    assert set(done) <= {"names", "translation"}  # both use the glossary
    assert done.count("names") == 2
    (found,) = archive.layers("floor").names
    text = archive.passages("floor")[0].text
    assert (text[found.start : found.end], found.kind, found.target_id) == ("영화", "film", "cinema")


def test_another_target_language_translates_again_and_nothing_else(
    conference: Conference, archive: Archive
) -> None:
    work(conference, archive, models())
    other = conference.model_copy(update={"target_language": "ko"})
    assert work(other, archive, models()) == ["translation", "translation_embedding"] * 2
    assert archive.layers("floor").translations == ()  # it is in Korean already


def test_a_machine_with_other_weights_takes_no_result_of_another(
    conference: Conference, archive: Archive
) -> None:
    work(conference, archive, models())
    other = models()
    other.embedding_signature = Signature("fake-embedder", revision="other")
    jobs = [job_for(source, conference, other, archive) for source in conference.sources]
    assert not any(is_up_to_date(job, archive) for job in jobs)
    assert set(work(conference, archive, other)) == {"embedding", "translation_embedding", "themes"}
    for recording in archive.recordings():
        made_by = {
            name: each.signature or Signature("") for name, each in archive.stages(recording.id).items()
        }
        assert made_by["embedding"].revision == "other"
        assert made_by["translation"].revision == ""
        assert made_by["embedding"].code_version  # another release is recorded, and makes nothing stale
        assert made_by["embedding"].digest == replace(made_by["embedding"], code_version="0").digest


def test_changed_captions_are_read_again(conference: Conference, archive: Archive, tmp_path: Path) -> None:
    work(conference, archive, models())
    (tmp_path / "floor.vtt").write_text(CAPTIONS.replace("꿈", "미래"), encoding="utf-8")
    assert work(conference, archive, models())[0] == "transcript"
    assert "미래" in archive.passages("floor")[0].text


def test_a_file_that_only_looks_changed_costs_one_hash(
    conference: Conference, archive: Archive, tmp_path: Path
) -> None:
    work(conference, archive, models())
    (tmp_path / "opening.wav").touch()
    assert work(conference, archive, models()) == []


def test_a_file_that_changes_meanwhile_is_not_taken_for_what_was_read(
    conference: Conference, archive: Archive, tmp_path: Path
) -> None:
    perform = Performer()

    def edited_meanwhile(steps: Sequence[Step]) -> list[Layer]:
        (tmp_path / "floor.vtt").write_text(CAPTIONS.replace("꿈", "미래"), encoding="utf-8")
        return perform(steps)

    source = conference.source("floor")
    with pytest.raises(MediaError, match="has changed while") as told:
        bring_up_to_date(job_for(source, conference, models(), archive), archive, edited_meanwhile)
    assert may_pass(told.value)
    assert archive.recordings() == ()
    work(conference, archive, models())
    assert "미래" in archive.passages("floor")[0].text


def test_a_voice_that_cannot_be_heard_is_told_before_anything_is_made(
    conference: Conference, archive: Archive, tmp_path: Path
) -> None:
    with wave.open(str(tmp_path / "ann.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16_000))
    text = CONFERENCE.replace("name: Ann", "name: Ann, enrolment: ann.wav")
    text = text.replace("title: Opening,", "title: Opening, speakers: [ann],")
    (tmp_path / "talks.yaml").write_text(text, encoding="utf-8")
    conference = load_conference(tmp_path / "talks.yaml")
    archive.set_conference(conference_record(conference))
    for part_s, begun in ((1000.0, "runs"), (1.0, "runs: regions")):
        performer, made_with = Performer(), models()
        made_with.part_options = PartOptions(part_s=part_s)
        job = job_for(conference.source("opening"), conference, made_with, archive)
        with pytest.raises(MediaError, match=r"ann\.wav has no speech in it"):
            bring_up_to_date(job, archive, performer)
        assert performer.done == [begun]


def test_a_file_that_was_moved_is_known_at_its_new_place(
    conference: Conference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.conference.Models", FakeModels)
    with Archive.open(tmp_path / "archive", create=True) as archive:
        archive.set_conference(conference_record(conference))
        work(conference, archive, models())
        (tmp_path / "sound").mkdir()
        for name in ("floor.vtt", "opening.wav"):
            (tmp_path / name).rename(tmp_path / "sound" / name)
        text = CONFERENCE.replace("opening.wav", "sound/opening.wav").replace("floor.vtt", "sound/floor.vtt")
        (tmp_path / "talks.yaml").write_text(text, encoding="utf-8")
        archive.fail("floor", "floor", "floor.vtt", "transcript", "it was another file", "symposia run")
        panels = (Panel("elsewhere", "Elsewhere", ("en",)),)
        archive.set_conference(replace(conference_record(conference), id="other", panels=panels))
        archive.fail("else", "elsewhere", "else.vtt", "transcript", "of another conference", "symposia run")
        before = archive.layers("opening")
        request = Request(tmp_path / "talks.yaml", tmp_path / "archive", "embedded")
        assert run_conference(request) == 0
        assert {each.path for each in archive.recordings()} == {
            str(tmp_path / "sound" / name) for name in ("floor.vtt", "opening.wav")
        }
        assert archive.layers("opening") == before
        assert [each.recording_id for each in archive.failures()] == ["else"]

        def refuse(path: Path) -> str:
            raise AssertionError(f"{path} was read again")

        monkeypatch.setattr("flows.work.sha256_of", refuse)
        assert run_conference(request) == 0


@pytest.mark.parametrize(
    "stage",
    [
        *("runs", "transcript", "speakers", "passages", "names"),
        *("translation", "embedding", "translation_embedding", "themes"),
    ],
)
def test_a_run_that_dies_keeps_nothing_half_done(
    conference: Conference, archive: Archive, stage: str
) -> None:
    source = conference.sources[0]
    with pytest.raises(KeyboardInterrupt):
        bring_up_to_date(
            job_for(source, conference, models(), archive), archive, Performer(dies_before=stage)
        )
    assert archive.recordings() == ()
    work(conference, archive, models())
    with Archive.in_memory() as undisturbed:
        work(conference, undisturbed, models())
        assert undisturbed.dump() == archive.dump()


def test_files_of_one_name_in_two_folders_are_two_files(tmp_path: Path, archive: Archive) -> None:
    for folder in ("korean", "persian"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "talk.vtt").write_text(CAPTIONS, encoding="utf-8")
    (tmp_path / "talks.yaml").write_text(
        "{id: t, title: T, target_language: en, panels: [{id: p, title: P, captions: "
        "[{path: korean/talk.vtt, language: ko}, {path: persian/talk.vtt, language: fa}]}]}",
        encoding="utf-8",
    )
    two = load_conference(tmp_path / "talks.yaml")
    work(two, archive, models())
    assert {passage.language for passage in archive.passages("p")} == {"ko", "fa"}
    assert work(two, archive, models()) == []


class OtherRecogniser(FakeRecogniser):
    """Hears other words, at the same times."""

    def transcribe(self, pieces: Sequence[Piece]) -> list[Decoded]:
        return [
            replace(
                each,
                text="Machines scheme.",
                words=(each.words[0], replace(each.words[1], text=" scheme.")),
            )
            for each in super().transcribe(pieces)
        ]


def test_a_new_run_of_every_stage_keeps_what_people_did(conference: Conference, archive: Archive) -> None:
    work(conference, archive, models())
    (spoken,) = archive.entries_of_recordings(["opening"])
    written, _ = archive.entries_of_recordings(["floor"])
    desk = ReviewDesk(archive)
    desk.correct(spoken.passage.id, "text", "Machines don't dream.", reviewer="ana")
    desk.correct(spoken.passage.id, "speaker", "ann", reviewer="ana")
    desk.correct(written.passage.id, "translation", "El cine es un sueño.", reviewer="ana")
    desk.correct(written.passage.id, "theme:ethics", "True", reviewer="ana")
    desk.set_state(written.passage.id, "approved", "ana")
    people = [archive.entries_of_recordings([name]) for name in ("opening", "floor")]
    assert work(conference, archive, models()) == []
    other = models()
    other.listening_signature = other.translation_signature = Signature("another")
    other.transcript_signature = other.embedding_signature = Signature("another")
    other.recogniser = OtherRecogniser()  # type: ignore[assignment]
    assert len(work(conference, archive, other)) > 7
    assert [each.text for each in archive.passages("opening")] == ["Machines scheme."]
    now = [archive.entries_of_recordings([name]) for name in ("opening", "floor")]
    assert now[1] == people[1]
    assert replace(now[0][0], translation=None) == replace(people[0][0], translation=None)
    assert now[0][0].translation == ".emehcs senihcaM"  # still of what the machine heard, and flagged so
    assert now[0][0].translation_flags == ("stale",)
    assert desk.unanchored() == ()


def test_what_people_approved_is_remembered_for_later_translations(
    conference: Conference, archive: Archive
) -> None:
    work(conference, archive, models())
    (written, *_) = archive.entries_of_recordings(["floor"])
    passage, desk = written.passage, ReviewDesk(archive)
    assert memory_of(archive, conference.id).exact(passage.text, passage.language, "es") is None
    desk.correct(passage.id, "translation", "El cine es un sueño.", reviewer="ana")
    desk.set_state(passage.id, "approved", "ana")
    assert memory_of(archive, conference.id).exact(passage.text, passage.language, "es") == (
        "El cine es un sueño."
    )
    assert memory_of(archive, "another").exact(passage.text, passage.language, "es") is None
    assert work(conference, archive, models()) == []  # what was translated before stays


def test_a_run_that_dies_keeps_what_people_did(conference: Conference, archive: Archive) -> None:
    work(conference, archive, models())
    (spoken,) = archive.entries_of_recordings(["opening"])
    ReviewDesk(archive).correct(spoken.passage.id, "text", "Machines don't dream.", reviewer="ana")
    before = archive.dump(), archive.entries()
    other = models()
    other.listening_signature = other.embedding_signature = Signature("another")
    job = job_for(conference.sources[0], conference, other, archive)
    with pytest.raises(KeyboardInterrupt):
        bring_up_to_date(job, archive, Performer(dies_before="embedding"))
    assert (archive.dump(), archive.entries()) == before


def test_results_that_a_full_disk_left_empty_are_swept_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")  # no server is started for it
    for name in ("PREFECT_LOCAL_STORAGE_PATH", "DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED"):
        monkeypatch.setenv(name, "")  # as it was, afterwards
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "CRITICAL")
    (tmp_path / "0123456789abcdef").touch()
    (tmp_path / "runs-1").write_text("{}")
    prepare(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["runs-1"]


def test_a_caption_that_may_name_two_names_nobody(tmp_path: Path, archive: Archive) -> None:
    (tmp_path / "floor.vtt").write_text(CAPTIONS, encoding="utf-8")
    (tmp_path / "talks.yaml").write_text(
        """
id: talks
title: Talks
target_language: es
speakers: [{id: a-1, name: Ann}, {id: a-2, name: ANN}, {id: b, name: Bób}]
panels: [{id: floor, title: Floor, captions: [{path: floor.vtt, language: ko}]}]
""",
        encoding="utf-8",
    )
    work(load_conference(tmp_path / "talks.yaml"), archive, models())
    turns = archive.layers("floor").turns
    assert [(turn.label, turn.speaker_id) for turn in turns] == [("Ann", None), ("Bob", "b")]
