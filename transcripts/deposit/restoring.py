"""Making an archive again from its package: the same record, history included, beside the same originals."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import delete

from transcripts import schema
from transcripts.archive import Archive
from transcripts.deposit.bag import Watch, check_bag
from transcripts.deposit.package import ORIGINALS, RECORD, TRAINED
from transcripts.deposit.tables import Row, read_tables, table_rows
from transcripts.errors import ArchiveError
from transcripts.files import new_folder


def restore(bag: Path, directory: Path, watch: Watch = lambda name, size: None) -> None:
    """Make an archive in a folder that is not there or empty.

    The originals come to lie in its folder 'originals'. Raises ArchiveError where the package is not as it
    was packed, was made by another version of the tables, or the folder holds something; SymposiaError
    where the disk does not take it. Nothing is left of the new archive then.
    """
    if not bag.is_dir():
        raise ArchiveError(f"{bag} is no folder: name the package that 'symposia deposit' made, unpacked")
    with new_folder(directory) as folder:
        check_bag(bag, watch)
        record = bag / "data" / RECORD
        if not record.is_dir():
            raise ArchiveError(f"{bag} is a bag, and holds no archive of symposia: it has no data/{RECORD}")
        _check_version(record)
        places = _places(bag, record, directory)
        with Archive.open(folder, create=True) as archive:
            with archive.writing() as connection:
                connection.execute(delete(schema.meta))
                read_tables(connection, record, {"recordings": places})
            _check_readable(archive)
        if (bag / "data" / ORIGINALS).is_dir():
            shutil.copytree(bag / "data" / ORIGINALS, folder / ORIGINALS, copy_function=shutil.copyfile)
        if (record / TRAINED).is_file():
            shutil.copyfile(record / TRAINED, folder / TRAINED)


def _check_version(record: Path) -> None:
    facts = {row["key"]: row["value"] for row in table_rows(record, "meta")}
    version = str(facts.get("schema_version", "none"))
    if version != str(schema.SCHEMA_VERSION):
        raise ArchiveError(
            f"this package has tables of version {version}, and this symposia knows version "
            f"{schema.SCHEMA_VERSION}: restore it with the symposia that its README.txt names"
        )


def _check_readable(archive: Archive) -> None:
    """Read all of it once, as everything else will: what JSON holds is told by nothing less."""
    try:
        for recording in archive.recordings():
            archive.layers(recording.id)
            archive.entries_of_recordings([recording.id])
        for conference in archive.conferences():
            for panel in conference.panels:
                hash((panel.languages, panel.speaker_ids))  # of texts, and of nothing that holds others
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise ArchiveError(
            f"the package's rows do not fit together ({type(error).__name__}: {error}): take another copy"
        ) from error


def _places(bag: Path, record: Path, directory: Path) -> Mapping[str, Row]:
    """Where the file of each recording comes to lie."""
    found: dict[str, Row] = {}
    for row in table_rows(record, "recordings"):
        path = str(row["path"])
        inside = bag / path
        if not path:
            continue
        if not path.startswith(f"data/{ORIGINALS}/") or not inside.is_file() or ".." in Path(path).parts:
            raise ArchiveError(
                f"recordings.jsonl names '{path}' for '{row['id']}', which the package has not"
            )
        own = Path(path).relative_to(f"data/{ORIGINALS}")
        found[row["id"]] = {"path": str(directory.absolute() / ORIGINALS / own)}
    return found


__all__ = ["restore"]
