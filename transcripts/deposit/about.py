"""A package as catalogues describe it."""

from __future__ import annotations

from transcripts.deposit.contents import Contents
from transcripts.descriptions import Description, languages_of, people_of, subjects_of


def about_package(made: Contents) -> Description:
    """The package as a collection. What is withheld is neither counted nor named."""
    found = made.documents
    panels = list(dict.fromkeys((each.panel.id, each.panel.title) for each in found))
    passages = sum(len(each.remarks) for each in found)
    shown = ", ".join(title or panel_id for panel_id, title in panels[:20])
    return Description(
        made.wishes.doi or f"urn:uuid:{made.archive_id}",
        made.name,
        made.day[:4],
        "Collection",
        f"{len(found)} recordings of {len(panels)} panels ({shown}), with transcripts in the languages "
        f"spoken, translations, themes and the history of corrections: {passages} passages.",
        people_of(found),
        made.wishes.publisher,
        subjects_of(found),
        languages_of(found),
        tuple(sorted({each.panel.held_on for each in found if each.panel.held_on})),
        tuple(sorted({each.format[1] for each in made.files})),
        (f"{sum(each.size for each in made.files)} bytes", f"{len(made.files)} files"),
        rights_of(made),
    )


def rights_of(made: Contents) -> tuple[str, ...]:
    """The licence, and that something is withheld."""
    withheld = "Parts are withheld: restricted access, see README.txt" if made.withheld else ""
    return tuple(filter(None, (made.wishes.licence, withheld)))


__all__ = ["about_package"]
