"""`symposia serve`: the reading room on an address."""

from __future__ import annotations

import gc
import getpass
import ipaddress
import re
import socket
import ssl
import sys
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nlp.machine import give_freed_memory_back, one_heap_a_core
from transcripts.archive import Archive
from transcripts.errors import ConfigurationError, SymposiaError
from transcripts.place import Place

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

    from transcripts.search import Embed
    from transcripts.web.room import ReadingRoom, RoomSettings

_ADDRESS = re.compile(r"https?://[^/\s?#@\"<>]+/?")
_EMAIL = re.compile(r"\S+@\S+\.\S+")  # as OAI-PMH's schema has it

_GARBAGE = 50_000, 20, 100  # things made between two looks for garbage, and how often at older ones


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Where the room opens, and how people come in. `certificate` and `key` are PEM files.

    `oai` is the e-mail address that opens `/oai` to harvesters; '' leaves it closed. `link_base` is the
    public address of the room. `proxy` is the address of a proxy (or several, or networks, commas
    between) that is believed when it says from where a request comes; one on this machine always is.
    """

    host: str = "127.0.0.1"
    port: int = 8700
    login: bool = False
    certificate: Path | None = None
    key: Path | None = None
    plain_http: bool = False
    oai: str = ""
    link_base: str = ""
    proxy: str = ""


def serve(place: Place, options: ServeOptions) -> None:
    """Serve an archive until interrupted.

    Raises ArchiveError when there is no archive, ConfigurationError when options do not fit,
    SymposiaError when the address cannot be had.
    """
    from transcripts.logs import open_log
    from transcripts.metrics import open_metrics

    _check(options)
    one_heap_a_core()
    open_log()
    open_metrics()
    with Archive.open(place) as archive:
        settings = room_settings(archive, options)
        if settings.login:
            _check_somebody_may_enter(archive, place)
        listening = _listen(options)
        try:
            _run(archive, settings, options, listening)
        finally:
            listening.close()


def room_settings(archive: Archive, options: ServeOptions) -> RoomSettings:
    """Login is needed wherever others could come; cookies are for HTTPS unless said otherwise."""
    from transcripts.web.room import RoomSettings

    return RoomSettings(
        login=options.login or not is_loopback(options.host),
        secure_cookies=not options.plain_http,
        local_name=_user_name(),
        embed=partial(_embedder, archive),
        oai_email=options.oai,
        link_base=options.link_base.rstrip("/"),
    )


def _embedder(archive: Archive) -> Embed | None:
    """Loaded after the first pages are shown: what searches takes seconds to import."""
    from flows.finding import query_embedder

    return query_embedder(archive)


def _user_name() -> str:
    """Who is logged in on this machine: the name that changes are signed with."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "local"


def is_loopback(host: str) -> bool:
    """Whether an address is reached from its own machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check(options: ServeOptions) -> None:
    if options.oai and not _EMAIL.fullmatch(options.oai):
        raise ConfigurationError(
            f"--oai takes the e-mail address that harvesters are told, not {options.oai!r}"
        )
    if options.link_base and not _ADDRESS.fullmatch(options.link_base):
        raise ConfigurationError(
            f"--link-base takes the address of the room, such as https://archive.example, "
            f"not {options.link_base!r}"
        )
    _check_proxy(options)
    if bool(options.certificate) != bool(options.key):
        raise ConfigurationError("HTTPS needs both --certificate FILE and --key FILE")
    if options.certificate and options.key:
        if options.plain_http:
            raise ConfigurationError("--plain-http and --certificate exclude each other; leave one out")
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
                options.certificate, options.key
            )
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"{options.certificate} and {options.key} are no certificate with its key ({error}); "
                "both are PEM files"
            ) from error


def _check_proxy(options: ServeOptions) -> None:
    if options.proxy and not options.login and is_loopback(options.host):
        raise ConfigurationError("behind a proxy people have to log in: add --login to --proxy")
    for address in options.proxy.split(",") if options.proxy else ():
        try:
            ipaddress.ip_network(address.strip())
        except ValueError as error:
            raise ConfigurationError(
                f"--proxy takes the IP address of a proxy, such as 10.0.0.5, or a network, not {address!r}"
            ) from error


def _check_somebody_may_enter(archive: Archive, place: Place) -> None:
    from transcripts.accounts import Accounts

    if not Accounts(archive).users():
        raise ConfigurationError(
            f"people have to log in here, and {place} has no users; add one with "
            f"'symposia users add NAME --role administrator --archive {place}'"
        )


def _listen(options: ServeOptions) -> socket.socket:
    """The socket, bound; one that cannot be had is told before anything is loaded."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((options.host, options.port))
        listening.listen(2048)  # as uvicorn does; who comes before it is ready waits
    except (OSError, OverflowError) as error:
        listening.close()
        raise SymposiaError(
            f"the address {options.host}, port {options.port}, cannot be used ({error}); "
            "choose another with --host and --port"
        ) from error
    return listening


def _run(archive: Archive, settings: RoomSettings, options: ServeOptions, listening: socket.socket) -> None:
    import uvicorn

    from transcripts.web.app import create_app

    app = create_app(archive, settings)
    preparing = threading.Thread(target=_prepare, args=(app.state.room,), daemon=True)
    preparing.start()
    sys.stderr.write(_welcome(settings, options, listening.getsockname()[1]))
    try:
        uvicorn.Server(server_config(app, options)).run(sockets=[listening])
    finally:
        preparing.join()  # Python cannot end while a thread of its own is within the index's library


def server_config(app: ASGIApp, options: ServeOptions) -> uvicorn.Config:
    """How uvicorn serves. Whom it believes where a request comes from is nothing of its environment."""
    import uvicorn

    believed = ["127.0.0.1", "::1", *(each.strip() for each in options.proxy.split(",") if each.strip())]
    return uvicorn.Config(
        app,
        log_level="warning",
        server_header=False,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.key,
        timeout_graceful_shutdown=3,
        forwarded_allow_ips=believed,
    )


def _welcome(settings: RoomSettings, options: ServeOptions, port: int) -> str:
    scheme = "https" if options.certificate else "http"
    host = f"[{options.host}]" if ":" in options.host else options.host
    lines = [f"The reading room is open at {scheme}://{host}:{port}/ (Ctrl+C closes it)."]
    if settings.oai_email:
        lines.append(f"Harvesters are answered at {scheme}://{host}:{port}/oai, without a login.")
    if settings.login and settings.secure_cookies and not options.certificate:
        lines.append(
            "Browsers log in by HTTPS only: put it behind a proxy that speaks HTTPS, or give --certificate "
            "and --key; in a network that you trust, --plain-http does without."
        )
    return "\n".join(lines) + "\n"


def _prepare(room: ReadingRoom) -> None:
    """Load what the first reader would otherwise wait for. Trouble is told when somebody asks for it."""
    from transcripts.web.shown import glances
    from transcripts.web.visitors import LOCAL

    try:
        glances(room, LOCAL)
        room.index.refresh()
    except SymposiaError as error:
        sys.stderr.write(f"symposia: {error}\n")
    settle_memory()


def settle_memory() -> None:
    """What is in memory now stays, and what is not is the system's: as soon as the index is read.

    To look through it for garbage held every reader up for 0.15 s now and then. And a page makes
    10,000 things and more that are gone with it, without any of them in a circle: to look for garbage
    at every 700 of them was a twentieth of a search. Of a million passages, to read the index leaves
    0.1 GB of freed memory.
    """
    give_freed_memory_back()
    gc.freeze()
    gc.set_threshold(*_GARBAGE)


__all__ = ["ServeOptions", "is_loopback", "room_settings", "serve", "server_config"]
