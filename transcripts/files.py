"""Files and folders that are either written whole or not at all, and what files hold."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from transcripts.errors import SymposiaError
from transcripts.place import SIGNED_IN

_BLOCK_BYTES = 1 << 20
_URI = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_STORES = ("s3", "gs", "az", "abfs")


def place_at(name: str) -> Path:
    """A folder or file by its path, or by its URI in an object store (s3://BUCKET/FOLDER, gs://…).

    What is given for a URI behaves like a path (it is a `UPath`), as far as object stores can. Raises
    SymposiaError where its packages are missing, for an unknown kind, and for a URI that holds a password.
    """
    if not is_uri(name):
        return Path(name).absolute()
    kind = name.partition("://")[0]
    if kind not in _STORES:  # no address of the web: what lies inside a network is not for a file to name
        raise SymposiaError(
            f"{kind}://… cannot be reached: a place is a path, or one of {', '.join(_STORES)}"
        )
    if SIGNED_IN.match(name):
        raise SymposiaError(
            f"a URI holds no password ({kind}://…): credentials come from "
            "the environment, as the store's own programs take them"
        )
    try:
        from upath import UPath

        found = UPath(name, use_listings_cache=False)  # others write there, too
        found.fs  # noqa: B018 - asks for the package that speaks to this store
    except Exception as error:  # what a kind of store raises of an address is its own
        raise SymposiaError(
            f"{name} cannot be reached ({error}): pip install 'symposia[objects]' brings what S3 needs; for "
            "other stores, install fsspec's package"
        ) from error
    return cast("Path", found)


def is_uri(name: str) -> bool:
    """Whether a name is meant for one of an object store, and not for a path."""
    return bool(_URI.match(name))


def in_object_store(place: Path) -> bool:
    """Whether `place_at` made it of a URI."""
    return not isinstance(cast("object", place), Path)


def is_there(path: Path) -> bool:
    """Whether a path, however odd, is that of a file.

    Raises SymposiaError where an object store does not say: what is away for a moment is not gone.
    """
    if in_object_store(path):
        try:
            state_of(path)
        except (FileNotFoundError, IsADirectoryError):
            return False
        except OSError as error:
            raise SymposiaError(
                f"{path} cannot be asked for ({error.strerror or error}): check the network, the address "
                "and the credentials of the store in the environment, and try again"
            ) from error
        return True
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_seen(path: Path) -> bool:
    """Whether there is anything at a path on this machine that we are let see."""
    try:
        return path.exists()
    except OSError:
        return False


def state_of(path: Path) -> tuple[int, int]:
    """The bytes of a file, and what differs once it has been written again. Raises OSError."""
    if not in_object_store(path):
        stat = path.stat()
        return stat.st_size, stat.st_mtime_ns
    store = cast("Any", path)
    with _failures_told(path):
        facts = store.fs.info(store.path)
    if facts["type"] == "directory":
        raise IsADirectoryError(errno.EISDIR, "a folder, not a file", str(path))
    seen = [str(facts[name]) for name in ("ETag", "etag", "md5", "mtime", "LastModified") if name in facts]
    return int(facts["size"]), int(hashlib.sha256("\n".join(seen).encode()).hexdigest()[:16], 16)


@contextmanager
def opened_to_read(path: Path) -> Iterator[BinaryIO]:
    """A file to be read, wherever it lies; what goes wrong with a store meanwhile is an OSError as well.

    A store is asked for what is read and a block more, not for the 50 MB that s3fs would take ahead.
    """
    ahead: dict[str, Any] = {"block_size": _BLOCK_BYTES} if in_object_store(path) else {}
    with _failures_told(path), path.open("rb", **ahead) as file:
        yield cast("BinaryIO", file)


@contextmanager
def _failures_told(path: Path) -> Iterator[None]:
    """Each store has errors of its own: they are told as OSError."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        if not in_object_store(path):
            raise
        raise OSError(errno.EIO, f"{type(error).__name__}: {error}", str(path)) from error


def copy_file(source: Path, target: Path) -> None:
    """Copy what a file holds, out of an object store too. Raises OSError."""
    if not in_object_store(source):
        shutil.copyfile(source, target)
        return
    with opened_to_read(source) as read, target.open("wb") as written:
        shutil.copyfileobj(read, written, _BLOCK_BYTES)


def write_atomically(path: Path, data: str | bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one, never half of it.

    Raises SymposiaError when the place cannot be written or is full.
    """
    content = data.encode("utf-8") if isinstance(data, str) else data
    if in_object_store(path):
        path.write_bytes(content)  # an object is there when all of it is
        return
    temporary: Path | None = None
    try:
        if path.exists() and not path.is_file():  # a device or a pipe stays what it is
            path.write_bytes(content)
            return
        path = path.resolve()  # what a link leads to is written, and the link stays
        name = path.with_name(f".{path.name[:80]}.{secrets.token_hex(8)}")
        with name.open("xb") as file:
            temporary = name
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, RuntimeError) as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise SymposiaError(
            f"{path} cannot be written ({getattr(error, 'strerror', error)}): "
            "check the folder, its permissions and the space left."
        ) from error


def hash_of_file(path: Path, algorithm: str, watch: Callable[[int], None] = lambda size: None) -> str:
    """The hash of a file in hexadecimal digits. `watch` is told the bytes of each block. Raises OSError."""
    made = hashlib.new(algorithm)
    with opened_to_read(path) as file:
        while block := file.read(_BLOCK_BYTES):
            made.update(block)
            watch(len(block))
    return made.hexdigest()


def settle(folder: Path, settled: set[str]) -> None:
    """Have the disk hold all files of a folder, so that they outlive a power cut. Raises OSError.

    `settled` are those that it holds already and that never change; new ones are added, but for what
    ends in `.new`.
    """
    for place, _, names in os.walk(folder):
        for path in (f"{place}/{name}" for name in names):
            if path in settled:
                continue
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if not path.endswith(".new"):
                settled.add(path)


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to be filled, beside `out`, that takes its place in the end; gone where something fails.

    Raises SymposiaError where `out` is a file or holds something, and where the disk does not take it.
    """
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        what = "is a file" if out.is_file() else "holds files already"
        raise SymposiaError(
            f"{out} {what}: name a folder that is empty or not there yet; nothing was written"
        )
    folder: Path | None = None
    try:
        name = out.absolute().with_name(f".{out.name[:80]}.{secrets.token_hex(8)}")
        name.mkdir()
        folder = name
        yield folder
        if out.is_dir():
            out.rmdir()
        folder.rename(out)
    except OSError as error:
        raise SymposiaError(
            f"{out} cannot be made ({error.filename or out}: {error.strerror or error}): check the folder, "
            "its permissions and the space left; nothing was left behind"
        ) from error
    finally:
        if folder is not None and folder.exists():
            shutil.rmtree(folder, ignore_errors=True)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it, if it is there. Raises OSError."""
    if in_object_store(path):
        if path.exists():
            store = cast("Any", path)
            store.fs.rm(store.path, recursive=True)
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
