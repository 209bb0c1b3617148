"""The reading room: the archive that is shown, how it is searched, and what was made of it already.

What takes long to make is remembered until the archive changes. Several readers may
ask for the same at once; it is then made once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from transcripts.archive import Archive
from transcripts.search import Embed, SearchIndex

Made = TypeVar("Made")

REMEMBERED = 256  # results kept; the oldest go first


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """How an archive is shown and to whom.

    Without `login` every visitor is the one local user, an administrator; then only
    `hosts` are answered, so that no foreign name can be pointed at this machine.
    `secure_cookies` says that browsers come by HTTPS. `embed` gives the vector of a query;
    it is called when the first search needs it.
    """

    login: bool = False
    secure_cookies: bool = True
    hosts: frozenset[str] = frozenset({"localhost", "127.0.0.1", "[::1]"})
    embed: Callable[[], Embed | None] = field(default=lambda: None)
    base_url: str = ""  # how links in exports begin; empty: as the visitor came


class ReadingRoom:
    """One archive, open to its readers."""

    def __init__(self, archive: Archive, settings: RoomSettings | None = None) -> None:
        self.archive = archive
        self.settings = settings or RoomSettings()
        self.index = SearchIndex.open(archive)
        self.searching = threading.Lock()  # the index is brought up to date by one reader at a time
        self._embed: tuple[Embed | None] | None = None
        self._made: OrderedDict[Hashable, Any] = OrderedDict()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()

    def embedder(self) -> Embed | None:
        """What embeds queries, loaded once; None where the archive's model is not at hand."""
        with self._guard:
            if self._embed is None:
                self._embed = (self.settings.embed(),)
            return self._embed[0]

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gives, remembered under a key that names all that it depends on."""
        with self._guard:
            if key in self._made:
                self._made.move_to_end(key)
                found: Made = self._made[key]
                return found
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            with self._guard:
                if key in self._made:
                    found = self._made[key]
                    return found
            made = make()
            with self._guard:
                self._made[key] = made
                self._locks.pop(key, None)
                while len(self._made) > REMEMBERED:
                    self._made.popitem(last=False)
            return made


__all__ = ["ReadingRoom", "RoomSettings"]
