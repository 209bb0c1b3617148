"""`symposia serve`: who needs to log in where, what is refused before anything opens, and that it opens."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse
from web_archive import make_archive

from flows.serving import ServeOptions, is_loopback, room_settings, serve, server_config
from nlp.machine import thread_count
from transcripts.accounts import Accounts
from transcripts.archive import Archive
from transcripts.errors import ArchiveError, ConfigurationError, SymposiaError
from transcripts.web.app import create_app

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.5.5.5"])
def test_these_addresses_are_this_machine_only(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.5", "archive.example", "", "localhost.example", "127.1"]
)
def test_anywhere_else_people_log_in(host: str) -> None:
    assert not is_loopback(host)
    with Archive.in_memory() as archive:
        assert room_settings(archive, ServeOptions(host)).login


def test_cookies_are_secure_unless_that_is_given_up() -> None:
    with Archive.in_memory() as archive:
        assert not room_settings(archive, ServeOptions()).login
        assert room_settings(archive, ServeOptions(login=True)).login
        assert room_settings(archive, ServeOptions("0.0.0.0")).secure_cookies
        assert not room_settings(archive, ServeOptions("0.0.0.0", plain_http=True)).secure_cookies


def test_a_room_with_login_and_without_users_does_not_open(tmp_path: Path) -> None:
    make_archive(tmp_path / "archive").close()
    with pytest.raises(ConfigurationError, match="symposia users add NAME"):
        serve(tmp_path / "archive", ServeOptions("0.0.0.0", port=0))


def test_there_has_to_be_an_archive(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="does not exist"):
        serve(tmp_path / "none", ServeOptions())


def test_an_address_that_is_taken_is_told(tmp_path: Path) -> None:
    make_archive(tmp_path / "archive").close()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SymposiaError, match="choose another with --host and --port"):
            serve(tmp_path / "archive", ServeOptions(port=taken.getsockname()[1]))
    with pytest.raises(SymposiaError, match="cannot be used"):
        serve(tmp_path / "archive", ServeOptions(host="127.0.0.1", port=99_999))


def test_https_needs_a_certificate_with_its_key(tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("no certificate")
    for options, said in (
        (ServeOptions(certificate=nonsense), "both --certificate FILE and --key FILE"),
        (ServeOptions(key=nonsense), "both --certificate FILE and --key FILE"),
        (ServeOptions(certificate=nonsense, key=nonsense), "no certificate with its key"),
        (ServeOptions(certificate=tmp_path / "gone", key=tmp_path / "gone"), "no certificate with its key"),
        (ServeOptions(certificate=nonsense, key=nonsense, plain_http=True), "exclude each other"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            serve(tmp_path, options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (ServeOptions(link_base="archive.example"), "--link-base takes the address of the room"),
        (ServeOptions(link_base="https://archive.example/?x"), "--link-base takes the address of the room"),
        (ServeOptions(proxy="10.0.0.5"), "add --login to --proxy"),
        (ServeOptions(login=True, proxy="proxy.example"), "--proxy takes the IP address of a proxy"),
        (ServeOptions(login=True, proxy="*"), "--proxy takes the IP address of a proxy"),
        (ServeOptions(login=True, proxy="10.0.0.5,"), "--proxy takes the IP address of a proxy"),
    ],
)
def test_what_is_no_address_is_told(tmp_path: Path, options: ServeOptions, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        serve(tmp_path, options)


@pytest.mark.parametrize(
    ("proxy", "asking", "known_as"),
    [
        ("", "127.0.0.1", "203.0.113.9"),  # a proxy on this machine
        ("", "::1", "203.0.113.9"),
        ("", "10.0.0.5", "10.0.0.5"),  # anybody could say so
        ("10.0.0.5", "10.0.0.5", "203.0.113.9"),
        ("192.0.2.1, 10.0.0.0/24", "10.0.0.5", "203.0.113.9"),
        ("10.0.0.5", "10.0.0.6", "10.0.0.6"),
    ],
)
def test_a_proxy_that_is_named_says_who_is_asking(
    monkeypatch: pytest.MonkeyPatch, proxy: str, asking: str, known_as: str
) -> None:
    async def who(scope: Any, _receive: Any, send: Any) -> None:
        await PlainTextResponse(scope["client"][0])(scope, _receive, send)

    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")  # what uvicorn would believe by itself
    config = server_config(who, ServeOptions("0.0.0.0", proxy=proxy))
    config.load()
    client = TestClient(config.loaded_app, client=(asking, 4711))
    assert client.get("/", headers={"x-forwarded-for": "203.0.113.9"}).text == known_as


def test_links_that_are_taken_away_begin_as_the_room_was_told(tmp_path: Path) -> None:
    with make_archive(tmp_path / "archive") as archive:
        options = ServeOptions(login=True, link_base="https://archive.example/")
        settings = room_settings(archive, options)
        assert settings.link_base == "https://archive.example"
        client = TestClient(create_app(archive, replace(settings, login=False)), "http://localhost")
        for path in ("/api/passages/p04", "/api/search/export?passage=p04", "/api/search?q=guion"):
            text = client.get(path).text
            assert "https://archive.example/panels/opening?t=30#p04" in text
            assert "localhost" not in text


@pytest.mark.parametrize("login", [False, True])
def test_the_room_opens_and_closes(tmp_path: Path, login: bool) -> None:
    with make_archive(tmp_path / "archive") as archive:
        Accounts(archive).add_user("reader", "reader", "a long enough password")
    command = [
        sys.executable,
        "-m",
        "flows.cli",
        "serve",
        "--archive",
        str(tmp_path / "archive"),
        "--port",
        "0",
    ]
    log_file = tmp_path / "log.jsonl"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HF_HUB_OFFLINE": "1",
        "SYMPOSIA_LOG": str(log_file),
    }
    with subprocess.Popen(
        [*command, *(["--login", "--oai", "archive@example.org"] if login else [])],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    ) as process:
        assert process.stderr
        said = process.stderr.readline()
        assert "The reading room is open at http://127.0.0.1:" in said
        address = said.split()[6]
        if login:
            assert f"{address}oai, without a login" in process.stderr.readline()
            with urllib.request.urlopen(f"{address}oai?verb=Identify") as answer:
                assert b"archive@example.org" in answer.read()
        with urllib.request.urlopen(address) as answer:
            page = answer.read().decode()
        assert ("The Future of Filmmaking" in page) is not login
        assert ('name="password"' in page) is login
        with urllib.request.urlopen(f"{address}search?q=xylophone") as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        left = process.stderr.read()  # uvicorn's access log would hold it
        assert "xylophone" not in left + log_file.read_text("utf-8")
        assert '"route": "/search"' in log_file.read_text("utf-8")
        assert process.wait(timeout=60) in (0, 130)


def test_what_is_in_memory_before_readers_come_is_not_looked_through_again() -> None:
    shown = _python("""
import gc
from flows.serving import settle_memory

settle_memory()
print(gc.get_freeze_count(), gc.get_threshold()[0])
""")
    frozen, made = map(int, shown.split())
    assert frozen > 10_000
    assert made > 10_000


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="another C library than glibc")
@pytest.mark.parametrize("shared", [True, False])
def test_threads_share_heaps(tmp_path: Path, *, shared: bool) -> None:
    """Without it, each of eight threads has one of its own, beside the first one."""
    told = tmp_path / "malloc.xml"
    _python(f"""
import ctypes, threading
from nlp.machine import one_heap_a_core

if {shared}:
    one_heap_a_core()
libc, all_here = ctypes.CDLL(None), threading.Barrier(9)
for _ in range(8):
    threading.Thread(target=lambda: (libc.malloc(100), all_here.wait())).start()
all_here.wait()
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen({str(told).encode()!r}, b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
""")
    heaps = told.read_text().count("<heap ")
    assert heaps <= max(2, thread_count(0)) if shared else heaps > 4


def _python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=60
    )
    return done.stdout
