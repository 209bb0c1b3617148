"""Write the lock files: every package that is installed, pinned, with the hashes of all its files.

    build.txt     what build.in asks for: it builds symposia itself and what comes as source only
    embedded.txt  the core and the extra `embedded`
    hub.txt       what the extra `hub` adds, without torch
    torch.txt     torch as the package index has it; on Linux that means CUDA and its libraries
    test.txt      what the extras `postgresql`, `objects` and `test` add to these

torch-cpu.txt, which is tried before torch.txt, is kept by hand. Pins that still fit are kept, too;
`--upgrade` (or `--upgrade-package NAME`) looks for newer ones, and any other option of
`uv pip compile` is passed on. No file names an index: pip asks the one it is set up with.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Set
from pathlib import Path

HERE = Path(__file__).resolve().parent
UV = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
FORMAT = ["--fork-strategy", "fewest", "--generate-hashes", "--no-header", "--no-annotate"]
HEADER = "# Made by `make lock`; the Makefile says in which order these files are installed.\n"
PROJECT, BUILD = "pyproject.toml", "constraints/build.in"
# Ray is left to those who want it: nothing here runs on it, and it is as large as all the rest of the tests.
LOCKED = ("embedded", "hub", "postgresql", "objects", "test")
TORCH = re.compile(r"(torch|triton|cuda|nvidia)\b")

Pins = dict[str, str]  # package name -> its lines: each requirement (one a marker) and its hashes


def resolve(pins_txt: Path, *options: str) -> Pins:
    """Resolve with uv into a file, preferring the pins it holds already, and split the answer."""
    command = [*UV, *FORMAT, *options, "--output-file", str(pins_txt)]
    subprocess.run(command, cwd=HERE.parent, check=True)
    pins: Pins = {}
    for entry in re.split(r"^(?=\w)", pins_txt.read_text(encoding="utf-8"), flags=re.M)[1:]:
        name = entry.partition("==")[0]
        pins[name] = pins.get(name, "") + entry
    return pins


def write(name: str, pins: Pins, only: Set[str]) -> None:
    path = HERE / name
    path.write_text(HEADER + "".join(pins[name] for name in sorted(only)), encoding="utf-8")
    print(f"{path.name}: {len(only)} packages")


def main(options: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        all_txt, part_txt = Path(folder) / "all.txt", Path(folder) / "part.txt"
        held = [HERE / f"{name}.txt" for name in ("build", "embedded", "hub", "torch", "test")]
        all_txt.write_text("".join(path.read_text("utf-8") for path in held if path.exists()), "utf-8")
        every = [option for extra in LOCKED for option in ("--extra", extra)]
        pins = resolve(all_txt, BUILD, PROJECT, *every, *options)
        pinned = ["--constraints", str(all_txt)]
        build = resolve(part_txt, BUILD, *pinned).keys()
        embedded = resolve(part_txt, PROJECT, "--extra", "embedded", *pinned).keys()
        with_hub = resolve(part_txt, PROJECT, "--extra", "embedded", "--extra", "hub", *pinned).keys()
    torch = {name for name in pins if TORCH.match(name)}
    write("build.txt", pins, build)
    write("embedded.txt", pins, embedded)
    write("hub.txt", pins, with_hub - embedded - torch)
    write("torch.txt", pins, torch)
    write("test.txt", pins, pins.keys() - with_hub - build)


if __name__ == "__main__":
    main(sys.argv[1:])
