"""LanceDB's asynchronous interface, for code that waits.

Its synchronous one goes to a thread and back five times a search. One time is enough: two searches
beside each other, as a query of words and meaning has them, take five sixths of the time.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from functools import cache
from typing import Any, TypeVar

Coming = TypeVar("Coming")

_ONE_AT_A_TIME = threading.Lock()  # starts the loop


def waited(coming: Coroutine[Any, Any, Coming]) -> Coming:
    """What is coming, once it is there. Raises what it raises; any number of threads may wait."""
    with _ONE_AT_A_TIME:
        loop = _loop()
    future = asyncio.run_coroutine_threadsafe(coming, loop)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def each_waited(coming: Coroutine[Any, Any, AsyncIterator[Coming]]) -> Iterator[Coming]:
    """One after the other, as they come."""
    iterator, none = waited(coming), object()

    async def following() -> Any:
        return await anext(iterator, none)

    while (one := waited(following())) is not none:
        yield one


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """What runs all of them, in a thread of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="LanceDB", daemon=True).start()
    return loop


os.register_at_fork(after_in_child=_loop.cache_clear)  # threads do not survive a fork
