"""Files that a conference or site file names: on this machine, or in an object store by their URI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import PlainValidator, ValidationInfo

from flows.yamlfile import resolved, suggestion
from transcripts.errors import SymposiaError
from transcripts.files import place_at, state_of


def _existing_file(value: object, info: ValidationInfo) -> Path:
    """A file that is there, absolute, or an object of a store that can be read."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"must be the path of a file, not {value!r}: write it as text.")
    if "://" in value:
        return _existing_object(value.strip())
    path = resolved(value, info)
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name the file in it.")
    if not path.is_file():
        neighbours = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        near = (
            suggestion(path.name, neighbours) or ": correct the path; it starts from the folder of this file."
        )
        raise ValueError(f"{path} does not exist{near}")
    return path


def _existing_object(uri: str) -> Path:
    try:
        path = place_at(uri)
        state_of(path)
    except SymposiaError as error:
        raise ValueError(str(error)) from None
    except OSError as error:
        raise ValueError(
            f"{uri} cannot be read ({error.strerror or error}): check its address, and the credentials "
            "of the store in the environment."
        ) from None
    return path


def _recording_file(value: object, info: ValidationInfo) -> Path:
    """An existing file; where recordings may still arrive, else the path at which one is awaited."""
    folder: Path | None = (info.context or {}).get("arriving_in")
    if folder is None or not isinstance(value, str) or not value.strip():
        return _existing_file(value, info)
    if "://" in value or resolved(value, info).exists():
        return _existing_file(value, info)
    awaited = (folder / Path(value.strip()).expanduser()).resolve()
    return _existing_file(str(awaited), info) if awaited.exists() else awaited


ExistingFile = Annotated[Path, PlainValidator(_existing_file)]  # or what behaves like a Path
RecordingFile = Annotated[Path, PlainValidator(_recording_file)]

__all__ = ["ExistingFile", "RecordingFile"]
