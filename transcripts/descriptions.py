"""What catalogues want to know of something, as DataCite 4 and as Dublin Core."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml import etree

from transcripts.document import Document
from transcripts.formats.subtitles import one_line
from transcripts.formats.xml_files import XML_LANG, added

DATACITE = "http://datacite.org/schema/kernel-4"
OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
_DC = "http://purl.org/dc/elements/1.1/"
# What DataCite wants to read where something that it asks for is not known (appendix 3 of its schema).
_UNKNOWN, _UNAVAILABLE = "(:unkn)", "(:unav)"


@dataclass(frozen=True, slots=True)
class Description:
    """A collection or a panel, for catalogues.

    `identifier` is a DOI ('10.…/…'), a URL or a URN. `kind` is DataCite's resourceTypeGeneral. `people`
    are pairs of name and affiliation; `days` ISO 8601; `parts` pairs of relation and URL or URN.
    """

    identifier: str
    title: str
    year: str
    kind: str
    abstract: str
    people: tuple[tuple[str, str], ...] = ()
    publisher: str = ""
    subjects: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()
    relations: tuple[tuple[str, str], ...] = ()
    abstract_language: str = "en"


def people_of(found: Iterable[Document]) -> tuple[tuple[str, str], ...]:
    """Who speaks and may be named, each once."""
    return tuple(dict.fromkeys((who.name, who.affiliation) for each in found for who in each.speakers))


def subjects_of(found: Iterable[Document]) -> tuple[str, ...]:
    """The themes that something said belongs to."""
    names = {theme.id: theme.name for each in found for theme in each.themes}
    said = {theme.id for each in found for remark in each.remarks for theme in remark.themes}
    return tuple(sorted(names.get(theme, theme) for theme in said))


def languages_of(found: Sequence[Document]) -> tuple[str, ...]:
    """Languages spoken, then those translated into."""
    spoken = [language for each in found for language in each.languages]
    rendered = [language for each in found for language in each.rendered_languages]
    return tuple(filter(None, dict.fromkeys((*spoken, *rendered))))


def datacite(of: Description) -> etree._Element:
    """DataCite Metadata Schema 4 (https://schema.datacite.org/meta/kernel-4/)."""
    root = etree.Element(f"{{{DATACITE}}}resource", nsmap={None: DATACITE})  # type: ignore[dict-item]
    kind = "DOI" if of.identifier.startswith("10.") else of.identifier.partition(":")[0].upper()
    kind = "URL" if kind in ("HTTP", "HTTPS") else kind
    _add(root, "identifier", of.identifier, identifierType=kind)
    creators = _add(root, "creators")
    for name, affiliation in of.people or ((_UNKNOWN, ""),):
        creator = _add(creators, "creator")
        _add(creator, "creatorName", name or _UNKNOWN)
        if one_line(affiliation, ""):
            _add(creator, "affiliation", affiliation)
    _add(_add(root, "titles"), "title", of.title or _UNAVAILABLE)
    _add(root, "publisher", of.publisher or _UNAVAILABLE)
    _add(root, "publicationYear", of.year)
    if of.subjects:
        subjects = _add(root, "subjects")
        for subject in of.subjects:
            _add(subjects, "subject", subject)
    if of.days:
        days = _add(root, "dates")
        for day in of.days:
            _add(days, "date", day, dateType="Created")
    if of.languages:
        _add(root, "language", of.languages[0])
    _add(root, "resourceType", of.kind, resourceTypeGeneral=of.kind)
    if of.relations:
        related = _add(root, "relatedIdentifiers")
        for relation, where in of.relations:
            kind = "URL" if where.startswith("http") else "URN"
            _add(related, "relatedIdentifier", where, relatedIdentifierType=kind, relationType=relation)
    for name, values in (("size", of.sizes), ("format", of.formats)):
        listed = _add(root, f"{name}s") if values else root
        for value in values:
            _add(listed, name, value)
    if of.rights:
        rights = _add(root, "rightsList")
        for value in of.rights:
            link = {"rightsURI": value} if value.startswith(("http://", "https://")) else {}
            _add(rights, "rights", value, **link)
    descriptions = _add(root, "descriptions")
    abstract = _add(descriptions, "description", of.abstract, descriptionType="Abstract")
    abstract.set(XML_LANG, of.abstract_language)
    return root


def _add(parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
    return added(parent, f"{{{DATACITE}}}{name}", one_line(text, ""), **attributes)


def dublin_core(of: Description) -> etree._Element:
    """Simple Dublin Core as OAI-PMH wraps it (https://www.openarchives.org/OAI/2.0/oai_dc.xsd)."""
    root = etree.Element(f"{{{OAI_DC}}}dc", nsmap={"oai_dc": OAI_DC, "dc": _DC})
    values = {
        "title": (of.title,),
        "creator": tuple(name for name, _ in of.people),
        "subject": of.subjects,
        "description": (of.abstract,),
        "publisher": (of.publisher,),
        "date": of.days or (of.year,),
        "type": (of.kind,),
        "format": of.formats,
        "identifier": (of.identifier,),
        "language": of.languages,
        "relation": tuple(where for _, where in of.relations),
        "rights": of.rights,
    }
    for name, texts in values.items():
        for text in filter(None, (one_line(each, "") for each in texts)):
            added(root, f"{{{_DC}}}{name}", text)
    return root


__all__ = [
    "DATACITE",
    "OAI_DC",
    "Description",
    "datacite",
    "dublin_core",
    "languages_of",
    "people_of",
    "subjects_of",
]
