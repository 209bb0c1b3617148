"""Bags (BagIt, https://www.rfc-editor.org/rfc/rfc8493): making one, and finding every byte that has changed.

The library `bagit` writes and reads them. It lets pass what is changed in the one file that no other
file vouches for, the tag manifest; so that is read strictly here.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from transcripts.errors import ArchiveError
from transcripts.files import hash_of_file

ALGORITHM = "sha512"
TAG_MANIFEST = f"tagmanifest-{ALGORITHM}.txt"
_VOUCHED_FOR = ("bagit.txt", "bag-info.txt", f"manifest-{ALGORITHM}.txt")
_LINE = re.compile(r"([0-9a-f]{128}) {1,2}(\S[^\n\r]*)")

Watch = Callable[[str, int], None]  # told of each file and the bytes read of it


def make_bag(folder: Path, info: Mapping[str, str], tag_files: Mapping[str, bytes]) -> None:
    """Turn a folder of files into a bag: they become its payload; `tag_files` lie beside it, by path."""
    import bagit

    logging.getLogger("bagit").setLevel(logging.CRITICAL + 1)  # errors are told by us, in words
    bag = bagit.make_bag(str(folder), dict(info), checksums=[ALGORITHM])
    for name, content in tag_files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    bag.save()


def check_bag(folder: Path, watch: Watch = lambda name, size: None) -> None:
    """Read every byte of a bag. Raises ArchiveError that names each file that is not as it was made."""
    faults = list(_faults(folder, watch))
    if faults:
        shown = "; ".join(faults[:20]) + (f"; and {len(faults) - 20} more" if len(faults) > 20 else "")
        raise ArchiveError(
            f"{folder} is not as it was packed: {shown}. Nothing was restored: take another copy of it"
        )


def _faults(folder: Path, watch: Watch) -> Iterator[str]:
    if not (folder / "bagit.txt").is_file():
        raise ArchiveError(f"{folder} is no package of 'symposia deposit': it has no bagit.txt")
    try:
        yield from dict.fromkeys((*_tag_faults(folder, watch), *_payload_faults(folder, watch)))
    except OSError as error:
        yield f"{error.filename or folder} cannot be read ({error.strerror})"


def _tag_faults(folder: Path, watch: Watch) -> Iterator[str]:
    """What is wrong with the files beside the payload, each vouched for by the tag manifest."""
    listed: dict[str, str] = {}
    manifest = folder / TAG_MANIFEST
    if not manifest.is_file():
        yield f"{TAG_MANIFEST} is missing"
        return
    lines = manifest.read_bytes().decode("utf-8", "replace").split("\n")
    if lines.pop():
        yield f"{TAG_MANIFEST}: it does not end with a line feed"
    for number, line in enumerate(lines, 1):
        found = _LINE.fullmatch(line)
        if found is None or found[2] in listed:
            yield f"{TAG_MANIFEST}, line {number}, is damaged"
        else:
            listed[found[2]] = found[1]
    for name in (*_VOUCHED_FOR, *(name for name in listed if name not in _VOUCHED_FOR)):
        path = folder / name
        if name not in listed:
            yield f"{name} is not listed in {TAG_MANIFEST}"
        elif not _is_there(folder, path):
            yield f"{name} is listed in {TAG_MANIFEST}, and missing"
        elif _hash(path, watch) != listed[name]:
            yield f"{name} has changed, or its line in {TAG_MANIFEST} has"


def _payload_faults(folder: Path, watch: Watch) -> Iterator[str]:
    """What is wrong with the payload, as the library reads its manifest."""
    import bagit

    logging.getLogger("bagit").setLevel(logging.CRITICAL + 1)
    try:
        bag = bagit.Bag(str(folder))
        missing, unknown = bag.compare_manifests_with_fs()
    except (bagit.BagError, ValueError, LookupError) as error:  # a damaged file that it cannot read
        yield f"the manifest cannot be used ({str(error).replace(str(folder), '.')})"
        return
    yield from (f"{name} is missing" for name in sorted(missing))
    yield from (f"{name} is not in manifest-{ALGORITHM}.txt" for name in sorted(unknown))
    sound = not missing and not unknown
    for name, digests in sorted(bag.payload_entries().items()):
        if name not in missing and _hash(folder / name, watch) != digests.get(ALGORITHM):
            sound = False
            yield f"{name} has changed, or its line in manifest-{ALGORITHM}.txt has"
    if sound:
        try:
            bag.validate(completeness_only=True)
        except bagit.BagError as error:
            yield str(error)


def _is_there(folder: Path, path: Path) -> bool:
    """Whether a file is in the bag under just this name, on disks too that do not tell a from A."""
    inside = path.resolve().is_relative_to(folder.resolve())
    return inside and path.is_file() and path.name in {each.name for each in path.parent.iterdir()}


def _hash(path: Path, watch: Watch) -> str:
    return hash_of_file(path, ALGORITHM, partial(watch, path.name))


__all__ = ["ALGORITHM", "Watch", "check_bag", "make_bag"]
