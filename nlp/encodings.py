"""What the encoder made of sounds, kept on disk until the decoder asks for it.

A recording is listened to as a whole before any of it is decoded. Where a run is just what
was listened to, it need not be encoded again: a quarter to a third of the time of speech.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
import weakref
from typing import TYPE_CHECKING

import numpy as np

from nlp.audio import Samples
from nlp.impressions import States

if TYPE_CHECKING:
    from typing import IO

MOST_BYTES = 2 << 30  # over five hours of speech, for a model of the width of whisper-base

Key = tuple[bytes, float]  # digest of the sound, and the length in seconds that it was padded to


class Encodings:
    """States by the sound and the length that it was padded to. Each is given out once.

    They lie in a file without a name, which goes with the process. When it is full, or the
    disk is, all are forgotten: that costs time and changes no result. Safe to call from
    several threads.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._places: dict[Key, tuple[int, tuple[int, ...]]] = {}
        self._file: IO[bytes] | None = None
        self._lock = threading.Lock()

    def keep(self, sound: Samples, padded_s: float, states: States) -> None:
        """Keep the states of a sound, of shape (states, width)."""
        with self._lock:
            try:
                if self._file is None:
                    self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object
                    weakref.finalize(self, self._file.close)
                at = self._file.seek(0, 2)
                if at + states.nbytes > self._most_bytes:
                    self._places.clear()
                    at = self._file.seek(0)
                    self._file.truncate()
                self._file.write(states.tobytes())
                self._places[_key(sound, padded_s)] = at, states.shape
            except OSError:
                self._places.clear()
                self._file = None

    def take(self, sound: Samples, padded_s: float) -> States | None:
        """The states of a sound, and forget them; None where they are not kept."""
        with self._lock:
            place = self._places.pop(_key(sound, padded_s), None)
            if not place or not self._file:
                return None
            at, shape = place
            states = np.empty(shape, dtype=np.float32)
            self._file.seek(at)
            return states if self._file.readinto(states) == states.nbytes else None  # type: ignore[attr-defined]


def _key(sound: Samples, padded_s: float) -> Key:
    return hashlib.blake2b(sound.tobytes(), digest_size=16).digest(), padded_s
