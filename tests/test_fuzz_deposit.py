"""Whatever a package holds, it becomes an archive that can be read, or is refused whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import bagit
import pytest
from deposit_archive import make
from fuzzing import changed, fuzzed, told
from hypothesis import given
from hypothesis import strategies as st

from transcripts.archive import Archive
from transcripts.deposit.contents import Wishes
from transcripts.deposit.package import deposit
from transcripts.deposit.restoring import restore
from transcripts.document import documents
from transcripts.errors import ArchiveError
from transcripts.verification import database_faults

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("fuzz")
    with make(place / "archive") as archive:
        deposit(archive, place / "bag", Wishes("Festival"))
    return place / "bag"


def vouched(bag: Path) -> None:
    """Have the manifests vouch for what the files hold now, as whoever makes a package can."""
    bagit.Bag(str(bag)).save(manifests=True)


ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        "",
        "x",
        0,
        -1,
        1 << 62,
        10**400,
        1e308,
        float("nan"),
        True,
        [],
        {},
        [[]],
        [None],
        {"a": 1},
        ["x", 1.5],
        "9" * 30,
    ]
)


@st.composite
def with_odd_values(draw: st.DrawFn, content: bytes) -> bytes:
    """Rows as JSON lines with some values changed, of which some lie deep in others."""
    rows = [json.loads(line) for line in content.decode().splitlines()]
    for _ in range(draw(st.integers(1, 3))):
        held = draw(st.sampled_from(rows))
        key = draw(st.sampled_from(sorted(held)))
        while isinstance(held[key], dict | list) and held[key] and draw(st.booleans()):
            held = held[key]
            key = draw(st.sampled_from(sorted(held) if isinstance(held, dict) else range(len(held))))
        held[key] = draw(ODD)
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@fuzzed(usual=25)
@given(data=st.data(), honest=st.booleans())
def test_packages(bag: Path, data: st.DataObject, honest: bool) -> None:
    copy, target = bag.parent / "copy", bag.parent / "restored"
    for folder in (copy, target):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(bag, copy)
    records = [path for path in sorted((copy / "data").rglob("*.jsonl")) if path.stat().st_size]
    tags = [path for path in sorted(copy.iterdir()) if path.is_file()]
    path = data.draw(st.sampled_from(records if honest else [*records, *tags]))
    known = path.read_bytes()
    content = data.draw(
        changed([known]) if not honest or data.draw(st.booleans()) else with_odd_values(known)
    )
    path.write_bytes(content)
    if honest:
        vouched(copy)
    told(lambda: restore(copy, target))
    if not target.exists():
        assert {each.name for each in bag.parent.iterdir()} <= {"archive", "media", "bag", "copy"}
        return
    with Archive.open(target) as archive:
        for conference in archive.conferences():
            for panel in conference.panels:
                told(lambda panel=panel: documents(archive, panel.id))  # type: ignore[misc]
        told(lambda: database_faults(archive))


@pytest.mark.parametrize(
    ("column", "value"), [("id", "\ud800"), ("duration_s", 10**400)], ids=["surrogate", "huge"]
)
def test_values_that_no_database_takes_are_told(
    bag: Path, tmp_path: Path, column: str, value: object
) -> None:
    """Found by the test above."""
    copy = tmp_path / "copy"
    shutil.copytree(bag, copy)
    path = copy / "data" / "record" / "recordings.jsonl"
    first, *rest = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([json.dumps({**json.loads(first), column: value}), *rest]) + "\n", "utf-8")
    vouched(copy)
    with pytest.raises(ArchiveError, match=f"recordings.jsonl, line 1: {column} cannot be"):
        restore(copy, tmp_path / "restored")
    assert not (tmp_path / "restored").exists()


def test_lists_of_lists_are_told(bag: Path, tmp_path: Path) -> None:
    """Found by the test above, on 27 November 2026 with seed 20261127."""
    copy = tmp_path / "copy"
    shutil.copytree(bag, copy)
    path = copy / "data" / "record" / "panels.jsonl"
    rows = [{**json.loads(line), "speaker_ids": [[]]} for line in path.read_text("utf-8").splitlines()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    vouched(copy)
    with pytest.raises(ArchiveError, match="rows do not fit together"):
        restore(copy, tmp_path / "restored")
    assert not (tmp_path / "restored").exists()
