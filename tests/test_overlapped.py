"""Two pieces of work at a time, in order."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from nlp.machine import overlapped


def test_results_come_in_order_and_two_are_under_way() -> None:
    together = threading.Barrier(2, timeout=10)

    def work(number: int) -> int:
        together.wait()
        return number * number

    assert list(overlapped(work, range(4))) == [0, 1, 4, 9]


def test_no_more_is_fetched_than_is_worked_on() -> None:
    fetched: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(10):
            fetched.append(number)
            yield number

    first = next(iter(overlapped(lambda number: number, numbers())))
    assert first == 0
    assert len(fetched) == 2


def test_a_failure_reaches_the_caller() -> None:
    def work(number: int) -> int:
        if number == 2:
            raise ValueError("two")
        return number

    with pytest.raises(ValueError, match="two"):
        list(overlapped(work, range(5)))
