"""Accounts: only who knows the password gets in, not by trying, and not with a copy of the archive."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_archive import fill

from transcripts.accounts import MOST_ATTEMPTS, MOST_OF_ADDRESS, Accounts, TooManyAttemptsError, User
from transcripts.archive import Archive
from transcripts.errors import ArchiveError

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "three quiet otters"


class Clock:
    """Unix time, as the test wants it."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def archive(new_archive: Archive) -> Archive:
    return new_archive


@pytest.fixture
def accounts(archive: Archive, clock: Clock) -> Accounts:
    found = Accounts(archive, hasher=QUICK, clock=clock)
    found.add_user("Ana  María", "editor", PASSWORD)
    return found


ANA = User("Ana María", "editor")


def test_who_knows_the_password_gets_in(accounts: Accounts) -> None:
    assert accounts.users() == (ANA,)
    assert accounts.authenticate("Ana María", PASSWORD) == ANA
    assert accounts.authenticate(" Ana  María ", PASSWORD) == ANA
    for name, password in (
        ("Ana María", PASSWORD + "s"),
        ("ana maría", PASSWORD),
        ("ben", PASSWORD),
        ("", ""),
    ):
        assert accounts.authenticate(name, password) is None


def test_a_password_is_the_same_from_every_keyboard(accounts: Accounts) -> None:
    accounts.add_user("ben", "reader", "caf\u00e9 ｃａｆｅ ﻻ")
    assert accounts.authenticate("ben", "cafe\u0301 cafe لا")


def test_a_user_is_changed_and_removed(accounts: Accounts) -> None:
    token = accounts.start_session(ANA)
    accounts.add_user("Ana María", "administrator", "another few words")
    assert accounts.user_of_session(token) is None
    assert accounts.authenticate("Ana María", PASSWORD) is None
    assert accounts.authenticate("Ana María", "another few words") == User("Ana María", "administrator")
    token = accounts.start_session(ANA)
    accounts.remove_user("Ana María")
    assert accounts.user_of_session(token) is None
    assert accounts.users() == ()
    with pytest.raises(ArchiveError, match="no user 'Ana María'"):
        accounts.remove_user("Ana María")


@pytest.mark.parametrize(
    ("name", "role", "password", "told"),
    [
        ("", "reader", PASSWORD, "no name of a person"),
        ("a\0b", "reader", PASSWORD, "no name of a person"),
        ("x" * 201, "reader", PASSWORD, "no name of a person"),
        ("ben", "king", PASSWORD, "'king' is no role: take one of reader, editor, administrator"),
        ("ben", "reader", "short", "10 to 1000 letters, not 5"),
        ("ben", "reader", "x" * 1001, "10 to 1000 letters"),
    ],
)
def test_what_cannot_be_a_user_is_told(
    accounts: Accounts, name: str, role: str, password: str, told: str
) -> None:
    with pytest.raises(ArchiveError, match=told):
        accounts.add_user(name, role, password)
    assert accounts.users() == (ANA,)


def test_a_session_lasts_until_it_ends(accounts: Accounts, clock: Clock) -> None:
    token, other = accounts.start_session(ANA), accounts.start_session(ANA)
    assert token != other
    assert accounts.user_of_session(token) == accounts.user_of_session(other) == ANA
    accounts.end_session(token)
    accounts.end_session("forged \ud800")
    assert accounts.user_of_session(token) is None
    clock.now_s += 13 * 24 * 3600
    assert accounts.user_of_session(other) == ANA
    clock.now_s += 2 * 24 * 3600
    assert accounts.user_of_session(other) is None


def test_a_copy_of_the_archive_lets_nobody_in(tmp_path: Path) -> None:
    with Archive.open(tmp_path, create=True) as archive:
        accounts = Accounts(archive)
        accounts.add_user("ana", "editor", PASSWORD)
        token = accounts.start_session(User("ana", "editor"))
        assert PASSWORD not in str(archive.dump())
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert PASSWORD.encode() not in content
    assert token.encode() not in content
    (hashed,) = sqlite3.connect(tmp_path / "archive.sqlite").execute("SELECT password FROM users").fetchone()
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_hash_of_weaker_parameters_is_made_anew(accounts: Accounts, archive: Archive) -> None:
    stronger = Accounts(archive, hasher=PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    assert stronger.authenticate("Ana María", PASSWORD) == ANA
    with archive.reading() as connection:
        (hashed,) = connection.exec_driver_sql("SELECT password FROM users").one()
    assert ",t=2," in hashed
    assert accounts.authenticate("Ana María", PASSWORD) == ANA


# Trying


def fail(accounts: Accounts, times: int, name: str = "Ana María", address: str = "a") -> None:
    for _ in range(times):
        assert accounts.authenticate(name, "wrong", address) is None


def test_trying_is_stopped_for_a_while(accounts: Accounts, archive: Archive, clock: Clock) -> None:
    fail(accounts, MOST_ATTEMPTS)
    clock.now_s += 60
    for again in (accounts, Accounts(archive, hasher=QUICK, clock=clock)):  # or the server starts again
        with pytest.raises(TooManyAttemptsError, match="try again in 840 s") as caught:
            again.authenticate("Ana María", PASSWORD, "a")
        assert caught.value.wait_s == 840
    assert accounts.authenticate("Ana María", PASSWORD, "b") == ANA  # nobody locks another person out
    clock.now_s += 840
    assert accounts.authenticate("Ana María", PASSWORD, "a") == ANA


def test_success_clears_what_failed_before(accounts: Accounts) -> None:
    for _ in range(3):
        fail(accounts, MOST_ATTEMPTS - 1)
        assert accounts.authenticate("Ana María", PASSWORD, "a") == ANA


def test_many_names_from_one_address_are_stopped(accounts: Accounts) -> None:
    for n in range(MOST_OF_ADDRESS):
        fail(accounts, 1, name=f"user {n}")
    with pytest.raises(TooManyAttemptsError):
        accounts.authenticate("Ana María", PASSWORD, "a")


@settings(max_examples=30)
@given(name=st.text(st.characters()), password=st.text(st.characters()), address=st.text(st.characters()))
def test_nothing_that_a_form_can_send_breaks_in(name: str, password: str, address: str) -> None:
    found = Accounts(SCRATCH, hasher=QUICK)
    with SCRATCH.writing() as connection:
        connection.exec_driver_sql("DELETE FROM login_attempts")
    assert found.authenticate(name, password, address) is None
    assert found.user_of_session(name) is None


SCRATCH = fill(Archive.in_memory())  # Hypothesis wants no fixture of function scope
