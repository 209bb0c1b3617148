"""Who is told that an edit is saved can rely on it: the server is killed with SIGKILL while editors save."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from web_archive import make_archive

from benchmarks.load import Editor, lost_edits
from transcripts.archive import Archive
from transcripts.query import parse
from transcripts.search import SearchIndex
from transcripts.verification import database_faults

ROOT = Path(__file__).resolve().parent.parent.parent
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))
PASSAGES = ("p01", "p02", "p03", "p04", "p05")  # an editor for each


def opened(directory: Path) -> tuple[subprocess.Popen[str], str]:
    """The reading room in a process of its own, and its address."""
    command = [sys.executable, "-m", "flows.cli", "serve", "--archive", str(directory), "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT)
    assert process.stderr
    said = process.stderr.readline()
    assert "is open at" in said, said
    return process, said.split()[6].rstrip("/")


def work(editor: Editor, address: str, stop: threading.Event) -> None:
    with contextlib.suppress(httpx.TransportError):  # the server is gone
        editor.work(address, lambda: not stop.is_set(), pause_s=0.0)


def test_no_edit_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    print(f"CHAOS_SEED={SEED} CHAOS_ROUNDS={ROUNDS}: serve")
    draw, directory = random.Random(f"{SEED} serve"), tmp_path / "archive"
    make_archive(directory).close()
    for number in range(ROUNDS):
        with Archive.open(directory) as archive:
            texts = {each.passage.id: each.passage.text for each in archive.entries()}
        editors = [Editor({name: texts[name]}, f"{name} in round {number}") for name in PASSAGES]
        process, address = opened(directory)
        stop = threading.Event()
        with ThreadPoolExecutor(len(editors)) as threads:
            for editor in editors:
                threads.submit(work, editor, address, stop)
            while not any(editor.saved for editor in editors):
                assert process.poll() is None
                stop.wait(0.05)
            stop.wait(draw.uniform(0.0, 1.0))
            process.send_signal(signal.SIGKILL)
            stop.set()
        process.wait()
        assert process.stderr
        process.stderr.close()
        with Archive.open(directory) as archive:
            journal = [each.after for each in archive.reviews() if each.field == "text"]
            assert len(set(journal)) == len(journal)  # none twice
            unsure = set(journal) - {text for editor in editors for _, text in editor.saved}
            mine = {text for text in unsure if f"round {number}," in text}
            assert len(mine) <= len(editors)  # saved, and killed before it could be said
            for editor in editors:
                editor.saved += [
                    (name, text) for name in editor.texts for text in mine if f"by {name} " in text
                ]
            assert lost_edits(archive, editors) == []
            assert database_faults(archive) == []
            found = {hit.passage_id for hit in SearchIndex.open(archive).find(parse("edited")).hits}
            assert found >= {each.passage.id for each in archive.entries() if "Edited" in each.passage.text}
