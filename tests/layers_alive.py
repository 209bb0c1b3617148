"""Run a conference with fake models, and say after each recording how many layers are still in memory.

python tests/layers_alive.py CONFERENCE.yaml DIR
"""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path
from typing import Any

from fakes import FakeModels

import flows.models

flows.models.Models = FakeModels  # type: ignore[misc]  # before anything imports it from there


def main() -> None:
    from flows.conference import carry_out
    from flows.engine import prepare
    from flows.layers import KINDS
    from flows.request import Request

    conference, archive = Path(sys.argv[1]), Path(sys.argv[2])
    prepare(archive / "work")  # before Prefect is imported
    from flows import spreading

    flow: Any = spreading

    process = flow.attempt

    def alive() -> int:
        gc.collect()
        return sum(isinstance(each, tuple(KINDS.values())) for each in gc.get_objects())

    def counted(*arguments: Any, **more: Any) -> str:
        reason: str = process(*arguments, **more)
        deadline_s = time.monotonic() + 20  # Prefect's own threads may still hold the last of them
        while alive() and time.monotonic() < deadline_s:
            time.sleep(0.1)
        sys.stdout.write(f"{alive()}\n")
        return reason

    flow.attempt = counted
    carry_out(Request(conference, archive, "embedded"))


if __name__ == "__main__":
    main()
