"""Waiting for what another thread does."""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from transcripts import waiting
from transcripts.waiting import each_waited, waited


async def squared(number: int) -> int:
    await asyncio.sleep(0)
    return number * number


async def failing() -> None:
    raise ValueError("no")


async def counting(until: int) -> AsyncIterator[int | None]:
    async def numbers() -> AsyncIterator[int | None]:
        yield None
        for number in range(until):
            yield number

    return numbers()


def test_what_is_awaited_comes_or_fails() -> None:
    assert waited(squared(3)) == 9
    with pytest.raises(ValueError, match="no"):
        waited(failing())


def test_many_threads_wait_at_once() -> None:
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda n: waited(squared(n)), range(50))) == [n * n for n in range(50)]


def test_one_after_the_other_comes() -> None:
    assert list(each_waited(counting(3))) == [None, 0, 1, 2]
    assert list(each_waited(counting(0))) == [None]


def test_it_is_all_done_in_one_other_thread() -> None:
    async def where() -> int:
        return threading.get_ident()

    waiting._loop.cache_clear()  # as at the first use, by many at once
    start = threading.Barrier(8)

    def ask(_: int) -> int:
        start.wait()
        return waited(where())

    with ThreadPoolExecutor(8) as threads:
        (found,) = set(threads.map(ask, range(8)))
    assert found != threading.get_ident()
