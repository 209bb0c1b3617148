"""How much memory a process has held."""

from __future__ import annotations

import sys
from pathlib import Path


def peak_memory_mb() -> float:
    """The most memory this process has held, in MB of 10^6 bytes.

    On Linux from the process's own status: `getrusage` counts what the parent held when it forked.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (each for each in status.read_text().splitlines() if each.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
