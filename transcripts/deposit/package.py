"""Packing an archive for a repository: originals, every layer, readable copies, and what describes them.

The package is made in a folder beside the place where it is to be, and moved there when it is whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from transcripts.archive import Archive
from transcripts.deposit.about import about_package
from transcripts.deposit.bag import ALGORITHM, Watch, make_bag
from transcripts.deposit.contents import Contents, PackedFile, Wishes, contents
from transcripts.deposit.premis import write_premis
from transcripts.deposit.prov import write_prov
from transcripts.deposit.readme import write_readme
from transcripts.deposit.tables import Row, write_tables
from transcripts.descriptions import datacite, dublin_core
from transcripts.document import Document, documents
from transcripts.errors import ArchiveError
from transcripts.files import hash_of_file, is_there, new_folder, opened_to_read, place_at
from transcripts.formats.subtitles import one_line
from transcripts.formats.writers import WRITERS, file_name
from transcripts.formats.xml_files import xml_bytes
from transcripts.holdings import Failure
from transcripts.keeping import meta_value
from transcripts.originals import Original, originals, packed_name
from transcripts.records import running_version
from transcripts.rights import restrictions

PROFILE = "urn:symposia:bagit-profile:1"  # as in bagit-profile.json, which goes along
RECORD, ORIGINALS = "record", "originals"
TRAINED = "themes-trained.json"  # what the tagger learned: the one file beside the database
_BLOCK_BYTES = 1 << 20


def _profile() -> bytes:
    """What every such package holds, for software that checks bags (https://bagit-profiles.github.io)."""
    return files("transcripts.deposit").joinpath("bagit-profile.json").read_bytes()


# What lies beside the payload and describes it.
DESCRIPTIONS: Mapping[str, Callable[[Contents], bytes]] = MappingProxyType(
    {
        "README.txt": write_readme,
        "metadata/datacite.xml": lambda made: xml_bytes(datacite(about_package(made))),
        "metadata/dublin-core.xml": lambda made: xml_bytes(dublin_core(about_package(made))),
        "metadata/premis.xml": write_premis,
        "metadata/prov.json": write_prov,
        "metadata/bagit-profile.json": lambda _made: _profile(),
    }
)


def _unwatched(_name: str, _size: int) -> None:
    return


def deposit(archive: Archive, out: Path, wishes: Wishes, watch: Watch = _unwatched) -> Contents:
    """Pack an archive into a folder that is not there or empty; what was packed.

    Raises ArchiveError where the folder holds something, an original is missing or has changed, or the
    archive changes meanwhile; SymposiaError where the disk does not take it. Nothing is left of it then.
    """
    wanted = originals(archive) if wishes.originals else []
    _check_there(wanted)
    before = _state(archive)
    made = contents(archive, _shown(archive), wishes, datetime.now(UTC).date().isoformat())
    with new_folder(out) as folder:
        packed, places = _pack_originals(wanted, folder, watch)
        _pack_tables(archive, folder, places)
        copies = _pack_copies(made.documents, folder)
        if _state(archive) != before:
            raise ArchiveError("the archive changed while it was packed; nothing was written: run it again")
        made = replace(made, files=(*packed, *_packed(folder, packed, copies)))
        make_bag(folder, _info(made), {name: write(made) for name, write in DESCRIPTIONS.items()})
    return made


def _check_there(wanted: list[Original]) -> None:
    missing = [str(each.path) for each in wanted if not is_there(each.path)]
    if missing:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise ArchiveError(
            f"originals are not where they were: {shown}. Put them back ('symposia verify' says what "
            "they are), or pack without them: --without-originals"
        )


def _state(archive: Archive) -> Hashable:
    """What changes when the record does, or what is withheld."""
    with archive.reading() as connection:
        revision = meta_value(connection, "revision")
    return revision, restrictions(archive, everything=True)


def _shown(archive: Archive) -> tuple[Document, ...]:
    """What may be shown to everybody; nothing where all is withheld, or nothing was processed yet."""
    try:
        return tuple(documents(archive))
    except ArchiveError:
        if any(True for _ in archive.entries(limit=1)):
            raise
        return ()


def _pack_originals(
    wanted: list[Original], folder: Path, watch: Watch
) -> tuple[list[PackedFile], dict[str, str]]:
    """Copy the originals; what was packed, and the first file of each recording by its id."""
    taken: set[str] = set()
    packed: list[PackedFile] = []
    places: dict[str, str] = {}
    for each in wanted:
        own = f"{ORIGINALS}/{file_name(each.recording.id)}/{packed_name(each.path.name)}"
        place, number = own, 1
        while place.casefold() in taken:
            number += 1
            head, _, name = own.rpartition("/")
            place = f"{head}-{number}/{name}"
        taken.add(place.casefold())
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        sha256, sha512, size = _copied(each.path, target, watch)
        if each.sha256 and sha256 != each.sha256:
            raise ArchiveError(
                f"{each.path} is not the file that was heard (sha256 {sha256[:12]}…, the archive has "
                f"{each.sha256[:12]}…): put the right one back, or run the conference again"
            )
        packed.append(PackedFile(f"data/{place}", size, sha512, each.recording.id))
        if each.recording.id not in places or each.path == place_at(each.recording.path):
            places[each.recording.id] = f"data/{place}"
    return packed, places


def _copied(source: Path, target: Path, watch: Watch) -> tuple[str, str, int]:
    """Copy a file; its sha256, sha512 and bytes."""
    sha256, sha512, size = hashlib.sha256(), hashlib.sha512(), 0
    with opened_to_read(source) as read, target.open("wb") as written:
        while block := read.read(_BLOCK_BYTES):
            written.write(block)
            sha256.update(block)
            sha512.update(block)
            size += len(block)
            watch(source.name, len(block))
    return sha256.hexdigest(), sha512.hexdigest(), size


def _pack_tables(archive: Archive, folder: Path, places: Mapping[str, str]) -> None:
    """The tables; in them, paths are those of the package: those of this machine concern nobody."""
    instead: dict[str, Mapping[str, Row]] = {
        "recordings": {each.id: {"path": places.get(each.id, "")} for each in archive.recordings()},
        "failures": {each.recording_id: _elsewhere(each) for each in archive.failures()},
    }
    (folder / RECORD).mkdir()
    with archive.reading() as connection:
        write_tables(connection, folder / RECORD, instead)
    trained = archive.files / TRAINED if archive.files else None
    if trained is not None and trained.is_file():
        (folder / RECORD / TRAINED).write_bytes(trained.read_bytes())


def _elsewhere(failure: Failure) -> Row:
    """A failure without the paths of this machine; its command would do nothing elsewhere."""
    name = Path(failure.path).name
    return {"path": name, "reason": failure.reason.replace(failure.path, name), "command": ""}


def _pack_copies(found: tuple[Document, ...], folder: Path) -> dict[str, str]:
    """What may be shown, as TEI and captions; the recording of each file."""
    of: dict[str, str] = {}
    for form, name in (("tei", "tei"), ("vtt", "captions")):
        (folder / name).mkdir()
        for file in WRITERS[form](found) if found else ():
            content = file.content.encode() if isinstance(file.content, str) else file.content
            (folder / name / file.name).write_bytes(content)
            of[f"{name}/{file.name}"] = file.recording_id
    return of


def _packed(folder: Path, known: list[PackedFile], of: Mapping[str, str]) -> Iterator[PackedFile]:
    """The files of the payload that are no originals."""
    there = {each.path for each in known}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        place = path.relative_to(folder).as_posix()
        if f"data/{place}" not in there:
            digest = hash_of_file(path, ALGORITHM)
            yield PackedFile(f"data/{place}", path.stat().st_size, digest, of.get(place, ""))


def _info(made: Contents) -> dict[str, str]:
    """What bag-info.txt says."""
    told = {
        "BagIt-Profile-Identifier": PROFILE,
        "Source-Organization": made.wishes.publisher,
        "External-Description": f"Recordings, transcripts and translations: {made.name}",
        "External-Identifier": made.wishes.doi or f"urn:uuid:{made.archive_id}",
        "Internal-Sender-Identifier": made.archive_id,
        "Bag-Software-Agent": f"symposia {running_version() or '0'}",
        "Bagging-Date": made.day,
        "Access": f"restricted: {len(made.withheld)} withheld, see README.txt" if made.withheld else "",
    }
    return {name: one_line(value, "") for name, value in told.items() if value}


__all__ = ["ORIGINALS", "PROFILE", "RECORD", "TRAINED", "deposit"]
