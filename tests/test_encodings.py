"""Encodings that are kept from listening to decoding."""

from __future__ import annotations

import numpy as np

from nlp.encodings import Encodings


def sound(number: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.full(1600, number, dtype=np.float32)


def states(number: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.full((50, 8), number, dtype=np.float32)


def test_what_was_kept_is_given_out_once() -> None:
    kept = Encodings()
    for number in (1, 2):
        kept.keep(sound(number), 2.0, states(number))
    found = kept.take(sound(1), 2.0)
    assert found is not None
    assert np.array_equal(found, states(1))
    assert kept.take(sound(1), 2.0) is None
    assert kept.take(sound(2), 2.0) is not None


def test_another_sound_or_another_length_is_not_known() -> None:
    kept = Encodings()
    kept.keep(sound(1), 2.0, states(1))
    assert kept.take(sound(1), 3.0) is None
    assert kept.take(sound(2), 2.0) is None


def test_what_does_not_fit_makes_room() -> None:
    kept = Encodings(most_bytes=2 * states(0).nbytes)
    for number in range(3):
        kept.keep(sound(number), 2.0, states(number))
    assert kept.take(sound(0), 2.0) is None
    found = kept.take(sound(2), 2.0)
    assert found is not None
    assert np.array_equal(found, states(2))
