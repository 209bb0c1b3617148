"""Files that a conference or site file names: on this machine, or in an object store by their URI."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import PlainValidator, ValidationInfo

from flows.yamlfile import resolved, suggestion
from transcripts.errors import ConfigurationError, SymposiaError
from transcripts.files import in_object_store, is_there, is_uri, place_at


def _existing_file(value: object, info: ValidationInfo) -> Path:
    """A file that is there, absolute, or one in an object store, which `check_objects` looks for."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"must be the path of a file, not {value!r}: write it as text.")
    if is_uri(value.strip()):
        return _object(value.strip())
    path = resolved(value, info)
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name the file in it.")
    if not path.is_file():
        neighbours = _names_in(path.parent)
        near = (
            suggestion(path.name, neighbours) or ": correct the path; it starts from the folder of this file."
        )
        raise ValueError(f"{path} does not exist{near}")
    return path


def _names_in(folder: Path) -> list[str]:
    """Those that may be seen."""
    try:
        return [each.name for each in folder.iterdir()]
    except OSError:
        return []


def _object(uri: str) -> Path:
    """Whether it is there is not asked: every worker reads the file again for every recording."""
    try:
        return place_at(uri)
    except SymposiaError as error:
        raise ValueError(str(error)) from None


def _recording_file(value: object, info: ValidationInfo) -> Path:
    """An existing file; where recordings may still arrive, else the path at which one is awaited."""
    folder: Path | None = (info.context or {}).get("arriving_in")
    if folder is None or not isinstance(value, str) or not value.strip():
        return _existing_file(value, info)
    if is_uri(value.strip()) or resolved(value, info).exists():
        return _existing_file(value, info)
    awaited = resolved(str(folder / Path(value.strip()).expanduser()), info)
    return _existing_file(str(awaited), info) if awaited.exists() else awaited


def _arrived_file(value: object, info: ValidationInfo) -> Path:
    """A file that is there: at its place, or where recordings arrive."""
    found = _recording_file(value, info)
    return found if in_object_store(found) or found.is_file() else _existing_file(value, info)


def check_objects(paths: Iterable[Path]) -> None:
    """Ask the stores for those of the files that lie in one.

    Raises ConfigurationError for what is not there, SymposiaError where a store does not say.
    """
    for path in paths:
        if in_object_store(path) and not is_there(path):
            raise ConfigurationError(
                f"{path} is not there: correct its address in the conference file, or put it there."
            )


ExistingFile = Annotated[Path, PlainValidator(_existing_file)]  # or what behaves like a Path
RecordingFile = Annotated[Path, PlainValidator(_recording_file)]
ArrivedFile = Annotated[Path, PlainValidator(_arrived_file)]

__all__ = ["ArrivedFile", "ExistingFile", "RecordingFile", "check_objects"]
