"""Zip files that are the same, byte for byte, whenever they are written."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a zip file can hold
STORED = frozenset({"mimetype"})  # EPUB wants it first, and not compressed


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip file of named contents, in their order."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_STORED if name in STORED else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return file.getvalue()


def unzipped(content: bytes) -> list[tuple[str, bytes]]:
    """The files of a zip file, in their order."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


__all__ = ["unzipped", "zipped"]
