"""Who is told that an edit is saved can rely on it: the server is killed with SIGKILL while editors save."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from web_archive import make_archive

from flows.verifying import Verify, verify_archive
from transcripts.archive import Archive
from transcripts.query import parse
from transcripts.search import SearchIndex

ROOT = Path(__file__).resolve().parent.parent.parent
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))
PASSAGES = ("p01", "p02", "p03", "p04", "p05")  # an editor for each
WORD = "gespeichert"


def opened(directory: Path) -> tuple[subprocess.Popen[str], str]:
    """The reading room in a process of its own, and its address."""
    command = [sys.executable, "-m", "flows.cli", "serve", "--archive", str(directory), "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT)
    assert process.stderr
    said = process.stderr.readline()
    assert "is open at" in said, said
    return process, said.split()[6].rstrip("/")


def edit(
    address: str, passage_id: str, round_number: int, told: dict[str, str], stop: threading.Event
) -> None:
    """Save one text after the other; `told` has the last of which the server said that it is saved."""
    with httpx.Client(base_url=address, timeout=60) as client:
        try:
            number = 0
            while not stop.is_set():
                page = client.get(f"/review/{passage_id}").raise_for_status().text
                token = re.search(r'name="form_token" value="([0-9a-f]+)"', page)
                assert token
                text = f"{WORD} {passage_id} {round_number} {number}."
                form = {"form_token": token[1], "deed": "save", "text": text, "was_text": told[passage_id]}
                answer = client.post(f"/review/{passage_id}", data=form)
                assert answer.status_code == 303, answer.text
                told[passage_id] = text
                number += 1
        except httpx.TransportError:
            return


def test_no_edit_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    print(f"CHAOS_SEED={SEED} CHAOS_ROUNDS={ROUNDS}: serve")
    draw, directory = random.Random(f"{SEED} serve"), tmp_path / "archive"
    with make_archive(directory) as archive:
        told = {each.passage.id: each.passage.text for each in archive.entries()}
    saved = 0
    for number in range(ROUNDS):
        process, address = opened(directory)
        stop, before = threading.Event(), dict(told)
        with ThreadPoolExecutor(len(PASSAGES)) as editors:
            for passage_id in PASSAGES:
                editors.submit(edit, address, passage_id, number, told, stop)
            while told == before:
                assert process.poll() is None
                stop.wait(0.05)
            stop.wait(draw.uniform(0.0, 1.0))
            process.send_signal(signal.SIGKILL)
            stop.set()
        process.wait()
        assert process.stderr
        process.stderr.close()
        with Archive.open(directory) as archive:
            for entry in archive.entries():
                text, passage_id = entry.passage.text, entry.passage.id
                if text != told[passage_id]:  # saved, and killed before it could say so
                    assert _count(text) == _count(told[passage_id]) + 1 or text.endswith(f" {number} 0.")
                    told[passage_id] = text
            made = [each for each in archive.reviews() if each.field == "text"]
            assert len({each.after for each in made}) == len(made) > saved
            saved = len(made)
            hits = SearchIndex.open(archive).find(parse(WORD)).hits
            assert {hit.passage_id for hit in hits} == {
                each.passage.id for each in archive.entries() if WORD in each.passage.text
            }
        assert verify_archive(directory, Verify()) in (0, 1)


def _count(text: str) -> int:
    return int(text.rstrip(".").split()[-1]) if WORD in text else -1
