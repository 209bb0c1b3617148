"""Files that are either written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from transcripts.errors import SymposiaError


def write_atomically(path: Path, data: str | bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one, never half of it.

    Raises SymposiaError when the place cannot be written or is full.
    """
    content = data.encode("utf-8") if isinstance(data, str) else data
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise SymposiaError(
            f"{path} cannot be written ({error.strerror}): "
            "check the folder, its permissions and the space left."
        ) from error
