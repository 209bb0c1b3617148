"""Documentation keeps up: every command, option, module and model has its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from flows.cli import app
from nlp.embedded import EMBEDDED

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def options() -> list[tuple[str, str]]:
    """Every command with each of its options."""
    return list(_options(get_command(app), ""))


def _options(group: Any, before: str) -> Iterator[tuple[str, str]]:
    context = typer.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if hasattr(command, "list_commands"):
            yield from _options(command, f"{before}{name} ")
            continue
        for parameter in command.params:
            written = parameter.opts[-1] if parameter.opts[0].startswith("--") else parameter.opts[0]
            if parameter.opts[0].startswith("-") and written != "--help":
                yield before + name, written


@pytest.mark.parametrize(("command", "option"), options())
def test_the_readme_names_every_command_and_option(command: str, option: str) -> None:
    lines = [line for line in README.splitlines() if f"`symposia {command}" in line]
    assert lines, f"the README has no line for 'symposia {command}'"
    assert option in lines[0]


@pytest.mark.parametrize(
    "page", [*sorted(ROOT.glob("docs/*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
)
def test_files_that_the_docs_name_exist(page: Path) -> None:
    named = re.findall(
        r"`((?:flows|nlp|transcripts|configs|tests|docs|benchmarks)/[\w./-]+)`", page.read_text("utf-8")
    )
    assert not [name for name in named if not (ROOT / name).exists()]


def test_every_packaged_model_has_its_licence_in_the_docs() -> None:
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    assert not [name for name in EMBEDDED if f"`{name}`" not in page]


def test_every_setting_of_the_environment_has_its_words() -> None:
    pages = "".join(page.read_text("utf-8") for page in ROOT.glob("docs/*.md"))
    code = [path for room in ("flows", "nlp", "transcripts") for path in (ROOT / room).rglob("*.py")]
    named = {name for path in code for name in re.findall(r'"(SYMPOSIA_\w+)"', path.read_text("utf-8"))}
    assert {"SYMPOSIA_LOG", "SYMPOSIA_METRICS", "SYMPOSIA_CACHE"} <= named
    assert sorted(each for each in named - {"SYMPOSIA_RUN_PID"} if f"`{each}" not in pages) == []
