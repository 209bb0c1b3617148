"""A taxonomy as SKOS, which thesaurus and library software reads.

Written as JSON-LD (https://www.w3.org/TR/json-ld11/), with the terms of the SKOS reference
(https://www.w3.org/TR/skos-reference/): no library is needed to write it, and any RDF library reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nlp.taxonomy import Remark, Taxonomy, Theme

CONTEXT = {
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "schema": "https://schema.org/",
    "id": "@id",
    "type": "@type",
}


def skos_document(taxonomy: Taxonomy, base: str) -> dict[str, Any]:
    """The taxonomy as a JSON-LD document; a theme's identifier is `base` and its id."""
    scheme = base + "themes"
    return {
        "@context": CONTEXT,
        "@graph": [
            {
                "id": scheme,
                "type": "skos:ConceptScheme",
                "skos:hasTopConcept": [
                    {"id": base + each.id} for each in taxonomy.themes if not each.broader
                ],
            },
            *(_concept(each, taxonomy, base, scheme) for each in taxonomy.themes),
        ],
    }


def _concept(theme: Theme, taxonomy: Taxonomy, base: str, scheme: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": base + theme.id,
        "type": "skos:Concept",
        "skos:inScheme": {"id": scheme},
        "skos:notation": theme.id,
        "skos:prefLabel": [_literal(text, code) for code, text in theme.names.items()],
        "skos:definition": [_literal(theme.description, "en")],
        "skos:altLabel": _literals(theme.terms),
        "skos:example": _literals(theme.examples),
        "skos:narrower": [{"id": base + each} for each in taxonomy.narrower(theme.id)],
    }
    if theme.broader:
        found["skos:broader"] = [{"id": base + theme.broader}]
    else:
        found["skos:topConceptOf"] = {"id": scheme}
    if theme.colour:
        found["schema:color"] = theme.colour
    return {key: value for key, value in found.items() if value}


def _literals(remarks: Iterable[Remark]) -> list[dict[str, str]]:
    return [_literal(each.text, each.language) for each in remarks]


def _literal(text: str, code: str) -> dict[str, str]:
    return {"@value": text, "@language": code}
