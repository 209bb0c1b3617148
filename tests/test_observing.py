"""Those who look after runs and the reading room learn how they do, and nobody's words or secrets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import traceback
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY, start_http_server
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert
from typer.testing import CliRunner
from web_archive import form_token, local_client, make_archive

from flows.cli import app
from transcripts import logs, metrics, schema
from transcripts.archive import Archive
from transcripts.errors import ArchiveError, ConfigurationError
from transcripts.logs import log, within

WORDS = ("비밀스러운", "xylophone")  # said in a recording, and to be in no log
CANARY = "hf_CanaryThatNobodyMayKeep"
SECRETS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "SMTP_PASSWORD")
CONFERENCE = """
id: c
title: C
target_language: ko
speakers: [{id: ann, name: Ann}]
panels:
  - {id: floor, title: Floor, captions: [{path: floor.vtt, language: ko}]}
  - {id: broken, title: Broken, captions: [{path: broken.vtt, language: ko}]}
"""


@pytest.fixture(autouse=True)
def log_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "symposia.jsonl"
    monkeypatch.setenv(logs.PLACE, str(path))
    monkeypatch.setenv(logs.LEVEL, "debug")
    yield path
    logs.close_log()


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def holding(folder: Path, secret: str) -> list[Path]:
    """Files below a folder whose content or name holds a secret."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if secret.encode() in path.read_bytes() or secret in str(path)]


LAUNCHER = """
import fakes, flows.models
flows.models.Models = fakes.FakeModels
from flows.cli import main
main()
"""


def symposia(folder: Path, *arguments: str) -> str:
    """What a process of its own says, with fakes for models, and secrets in its environment."""
    paths = os.pathsep.join(map(str, (Path(__file__).parent, Path(__file__).parent.parent)))
    done = subprocess.run(
        [sys.executable, "-c", LAUNCHER, *arguments],
        env={
            **{name: each for name, each in os.environ.items() if not name.startswith("PREFECT_")},
            **dict.fromkeys(SECRETS, CANARY),
            "PYTHONPATH": paths,
            "PREFECT_LOGGING_LEVEL": "INFO",
            "SYMPOSIA_CACHE": str(folder / "cache"),
            "SYMPOSIA_METRICS": str(folder / f"{arguments[0]}.prom"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.stdout + done.stderr


def test_a_run_is_followed_by_ids_and_keeps_no_words_and_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_file: Path
) -> None:
    captions = "WEBVTT\n\n00:0{}.000 --> 00:04.000\n<v Ann>{}\n"
    (tmp_path / "floor.vtt").write_text(captions.format(1, " ".join(WORDS)), "utf-8")
    (tmp_path / "broken.vtt").write_text(captions.format(9, " ".join(WORDS)), "utf-8")
    (tmp_path / "c.yaml").write_text(CONFERENCE, "utf-8")
    archive = str(tmp_path / "archive")

    said = symposia(tmp_path, "run", str(tmp_path / "c.yaml"), "--archive", archive)

    told = records(log_file)
    (kept,) = [each for each in told if each["event"] == "passage kept" and each["stage"] == "passages"]
    assert kept["recording"] == "floor"
    assert kept["passage"].startswith("floor-")
    assert {each["run"] for each in told} == {kept["run"]}
    stages = [
        each["stage"] for each in told if each["event"] == "stage done" and each["recording"] == "floor"
    ]
    assert "passages" in stages
    (failed,) = [each for each in told if each["event"] == "recording failed"]
    assert (failed["recording"], failed["error"], failed["level"]) == ("broken", "FormatError", "error")
    figures = (tmp_path / "run.prom").read_text("utf-8")
    for line in (
        'symposia_recordings_total{outcome="done"} 1.0',
        'symposia_recordings_total{outcome="failed"} 1.0',
        'symposia_stage_seconds_count{stage="passages"} 1.0',
    ):
        assert line in figures
    assert "Flow run" in said  # Prefect's own log is on, and the terminal may be a service's log
    assert not [word for word in WORDS if word in log_file.read_text("utf-8") + said + figures]

    for name in SECRETS:
        monkeypatch.setenv(name, CANARY)
    for command in (
        ["export", "--archive", archive, "-o", str(tmp_path / "out"), "--format", "tei"],
        ["report", "--archive", archive, "-o", str(tmp_path / "report.html")],
        ["deposit", str(tmp_path / "bag"), "--archive", archive, "--publisher", "F"],
    ):
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, done.output
        said += done.output
    assert holding(tmp_path / "archive", WORDS[0])
    assert holding(tmp_path / "out", WORDS[0])
    assert holding(tmp_path / "bag", WORDS[0])
    assert holding(tmp_path, CANARY) == []
    assert CANARY not in said


def test_a_request_is_told_by_its_route_and_never_by_what_was_asked(tmp_path: Path, log_file: Path) -> None:
    logs.open_log()
    with make_archive(tmp_path / "archive") as archive:
        client = local_client(archive)
        labels = {"method": "GET", "route": "/search", "status": "200"}
        before = value("symposia_request_seconds_count", **labels)
        searches, edits = value("symposia_searches_total"), value("symposia_edits_total")
        client.get("/search", params={"q": WORDS[1], "speaker": WORDS[0]}, headers={"referer": WORDS[1]})
        client.get("/panels/opening")
        client.get(f"/panels/{WORDS[1]}")
        client.get(f"/{WORDS[1]}")
        form = {"form_token": form_token(client), "text": WORDS[1], "was:text": ""}
        client.post("/review/p03", data=form, follow_redirects=False)
        client.post("/login", data={"name": WORDS[1]})
        client.request(WORDS[1].upper(), "/")
        assert value("symposia_request_seconds_count", **labels) == before + 1
        assert value("symposia_searches_total") == searches + 1
        assert value("symposia_edits_total") in (edits, edits + 1)
    told = records(log_file)
    assert [(each["route"], each["status"]) for each in told][:4] == [
        ("/search", 200),
        ("/panels/{panel_id}", 200),
        ("/panels/{panel_id}", 404),
        ("none", 404),
    ]
    assert told[1]["panel_id"] == "opening"
    assert len({each["request"] for each in told}) == len(told)
    text = log_file.read_text("utf-8").casefold()
    assert not [word for word in WORDS if word in text]


def test_a_defect_in_the_room_is_told_by_its_kind(
    tmp_path: Path, log_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise LookupError(WORDS[1])

    logs.open_log()
    monkeypatch.setattr("transcripts.web.pages.home.glances", broken, raising=False)
    monkeypatch.setattr("transcripts.web.shown.glances", broken)
    with make_archive(tmp_path / "archive") as archive, pytest.raises(LookupError):
        local_client(archive).get("/api/panels")
    (told,) = records(log_file)
    assert (told["level"], told["status"], told["error"]) == ("error", 500, "LookupError")
    assert WORDS[1] not in log_file.read_text("utf-8")


def test_errors_of_the_database_quote_no_row() -> None:
    with (
        Archive.in_memory() as archive,
        pytest.raises(ArchiveError) as raised,
        archive.writing() as connection,
    ):
        connection.execute(insert(schema.meta), {"key": None, "value": WORDS[1]})
    told = "".join(traceback.format_exception(raised.value))  # as in a log
    assert "INSERT INTO meta" in told
    assert WORDS[1] not in told


def test_records_carry_the_ids_they_are_made_within(log_file: Path) -> None:
    logs.open_log()
    logs.open_log()  # once is enough
    with within(run="1", recording="a"):
        with within(recording="b", stage="x"):
            log("inner", seconds=1.5)
        log("outer")
    inner, outer = records(log_file)
    del inner["at"], outer["at"]
    assert inner == {
        "level": "info",
        "event": "inner",
        "run": "1",
        "recording": "b",
        "stage": "x",
        "seconds": 1.5,
    }
    assert outer == {"level": "info", "event": "outer", "run": "1", "recording": "a"}


def test_a_log_that_was_moved_away_is_begun_anew(log_file: Path) -> None:
    logs.open_log()
    log("first")
    log_file.rename(log_file.with_suffix(".1"))
    log("second")
    assert [each["event"] for each in records(log_file)] == ["second"]


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [(logs.PLACE, "/nowhere/log", "cannot be written"), (logs.LEVEL, "loud", "set it to debug or info")],
)
def test_a_log_that_cannot_be_had_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, wrong: str, said: str
) -> None:
    monkeypatch.setenv(name, wrong)
    with pytest.raises(ConfigurationError, match=said):
        logs.open_log()


@pytest.fixture
def unopened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_opened", threading.Lock())


@pytest.mark.usefixtures("unopened")
def test_figures_are_written_for_node_exporter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "symposia.prom"
    monkeypatch.setenv(metrics.PLACE, str(path))
    metrics.open_metrics()
    found = {each.name for each in text_string_to_metric_families(path.read_text("utf-8"))}
    assert {
        "symposia_request_seconds",
        "symposia_searches",
        "symposia_edits",
        "symposia_stage_seconds",
        "symposia_recordings",
        "symposia_doubts",
    } <= found


@pytest.mark.usefixtures("unopened")
@pytest.mark.parametrize("wrong", ["/nowhere/x.prom", "figures.txt", "99999", "256.1.1.1:9100"])
def test_figures_that_cannot_be_had_are_told(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv(metrics.PLACE, wrong)
    with pytest.raises(ConfigurationError, match="SYMPOSIA_METRICS"):
        metrics.open_metrics()


@pytest.mark.usefixtures("unopened")
def test_figures_are_given_on_a_port_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []

    def start(port: int, address: str) -> Any:
        begun.append((*start_http_server(0, address), port, address))

    monkeypatch.setattr(metrics, "start_http_server", start)
    monkeypatch.setenv(metrics.PLACE, "9100")
    metrics.open_metrics()
    metrics.open_metrics()
    ((server, thread, port, address),) = begun
    assert (port, address) == (9100, "127.0.0.1")
    with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/metrics") as answer:
        assert b"symposia_searches_total" in answer.read()
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_room_itself_shows_no_figures() -> None:
    with Archive.in_memory() as archive:
        assert local_client(archive).get("/metrics").status_code == 404
