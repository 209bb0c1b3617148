"""Sentences with their human translations, and a glossary for them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from nlp.terms import Terms

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "text"
COLUMNS = {"ja": "jpn", "fa": "fas", "es": "spa", "ko": "kor"}
SETS = {"FLORES": "flores_topics.tsv", "NTREX": "ntrex.tsv"}
GLOSSARY = Path(__file__).parent / "data" / "glossary.yaml"


@dataclass(frozen=True, slots=True)
class Sentences:
    """Sources in one language and the English that people wrote for them, row by row."""

    name: str
    language: str
    sources: tuple[str, ...]
    references: tuple[str, ...]


def sentences(limit: int | None = None) -> list[Sentences]:
    """All sets in all languages, at most so many rows of each; none where ../shared is not here."""
    found = []
    for name, file in SETS.items():
        path = SHARED / file
        if not path.exists():
            continue
        with path.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))[:limit]
        for code, column in COLUMNS.items():
            found.append(
                Sentences(name, code, tuple(row[column] for row in rows), tuple(row["eng"] for row in rows))
            )
    return found


def glossary() -> Terms:
    """Names of people, places and institutions that these sentences have, in five languages."""
    held: Mapping[str, Mapping[str, Sequence[str]]] = YAML(typ="safe").load(
        GLOSSARY.read_text(encoding="utf-8")
    )
    return Terms.of(
        {
            number: ("name", {code: tuple(forms) for code, forms in each.items()})
            for number, each in held.items()
        }
    )
