"""The reading room: the archive that is shown, how it is searched, and what was made of it already.

What takes long to make is remembered until the archive changes. Several readers may
ask for the same at once; it is then made once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from transcripts.accounts import Accounts
from transcripts.archive import Archive

if TYPE_CHECKING:  # what searches is loaded after the first page was shown
    from transcripts.search import Embed, SearchIndex

Made = TypeVar("Made")

LOGINS_AT_ONCE = 2  # checking a password takes 64 MB
# Results kept of each kind; those not asked for longest go first. A panel of three hours in HTML has 3 MB.
REMEMBERED = {"reading": 12, "panel": 256, "words": 20, "glance": 2000, "harvest": 1}


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """How an archive is shown and to whom.

    Without `login` every visitor is the one local user, an administrator; then only
    `hosts` are answered, so that no foreign name can be pointed at this machine. What that user
    changes is signed with `local_name`. `oai_email` opens `/oai` to harvesters without a login, and tells
    them whom to write to; '' leaves it closed.
    `link_base` is the address under which others know the room, for links that are taken away; ''
    is that by which a visitor came. `secure_cookies` says that browsers come by HTTPS. `embed` gives
    the vector of a query; it is called when the first search needs it.
    """

    login: bool = False
    secure_cookies: bool = True
    local_name: str = "local"
    hosts: frozenset[str] = frozenset({"localhost", "127.0.0.1", "[::1]"})
    embed: Callable[[], Embed | None] = field(default=lambda: None)
    oai_email: str = ""
    link_base: str = ""


class ReadingRoom:
    """One archive, open to its readers."""

    def __init__(self, archive: Archive, settings: RoomSettings | None = None) -> None:
        self.archive = archive
        self.settings = settings or RoomSettings()
        self.accounts = Accounts(archive)
        self.logging_in = threading.BoundedSemaphore(LOGINS_AT_ONCE)
        self._index: SearchIndex | None = None
        self._loading = threading.Lock()
        self._made: dict[str, OrderedDict[Hashable, Any]] = {kind: OrderedDict() for kind in REMEMBERED}
        self._locks: dict[tuple[str, Hashable], threading.Lock] = {}
        self._guard = threading.Lock()

    @property
    def index(self) -> SearchIndex:
        """What searches the archive. Its libraries take seconds to load: no other page waits for them."""
        from transcripts.search import SearchIndex

        with self._loading:
            if self._index is None:
                self._index = SearchIndex.open(self.archive, self.settings.embed())
            return self._index

    def once(self, kind: str, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gives, remembered under a key that names all that it depends on."""
        shelf = self._made[kind]
        with self._guard:
            if key in shelf:
                return cast(Made, self._taken(shelf, key))
            lock = self._locks.setdefault((kind, key), threading.Lock())
        with lock:
            with self._guard:
                if key in shelf:
                    return cast(Made, self._taken(shelf, key))
            made = make()
            with self._guard:
                shelf[key] = made
                self._locks.pop((kind, key), None)
                while len(shelf) > REMEMBERED[kind]:
                    shelf.popitem(last=False)
            return made

    @staticmethod
    def _taken(shelf: OrderedDict[Hashable, Any], key: Hashable) -> Any:
        shelf.move_to_end(key)
        return shelf[key]


__all__ = ["ReadingRoom", "RoomSettings"]
