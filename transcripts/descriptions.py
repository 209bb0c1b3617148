"""What catalogues want to know of something, as DataCite 4 and as Dublin Core."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml import etree

from transcripts.document import Document
from transcripts.formats.subtitles import one_line
from transcripts.formats.xml_files import XML_LANG, added, xml_text

DATACITE = "http://datacite.org/schema/kernel-4"
OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
_DC = "http://purl.org/dc/elements/1.1/"
# What DataCite wants to read where something that it asks for is not known (appendix 3 of its schema).
_UNKNOWN, _UNAVAILABLE = "(:unkn)", "(:unav)"


@dataclass(frozen=True, slots=True)
class Description:
    """A collection or a panel, for catalogues.

    `identifier` is a DOI ('10.…/…'), a URL or a URN. `kind` is DataCite's resourceTypeGeneral. `people` are
    pairs of name and affiliation; `days` are ISO 8601.
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
    _add(root, "identifier", of.identifier, identifierType=_identifier_kind(of.identifier))
    creators = _add(root, "creators")
    for name, affiliation in of.people or ((_UNKNOWN, ""),):
        creator = _add(creators, "creator")
        _add(creator, "creatorName", _plain(name) or _UNKNOWN)
        if _plain(affiliation):
            _add(creator, "affiliation", affiliation)
    _add(_add(root, "titles"), "title", _plain(of.title) or _UNAVAILABLE)
    _add(root, "publisher", _plain(of.publisher) or _UNAVAILABLE)
    _add(root, "publicationYear", of.year)
    _listed(root, "subjects", "subject", of.subjects)
    _listed(root, "dates", "date", of.days, dateType="Created")
    if of.languages:
        _add(root, "language", of.languages[0])
    _add(root, "resourceType", of.kind, resourceTypeGeneral=of.kind)
    _listed(root, "sizes", "size", of.sizes)
    _listed(root, "formats", "format", of.formats)
    for value in filter(None, map(_plain, of.rights)):
        link = {"rightsURI": value} if value.startswith(("http://", "https://")) else {}
        _add(_list_in(root, "rightsList"), "rights", value, **link)
    abstract = _add(_add(root, "descriptions"), "description", of.abstract, descriptionType="Abstract")
    abstract.set(XML_LANG, "en")
    return root


def _identifier_kind(identifier: str) -> str:
    """DOI, URL or URN."""
    if identifier.startswith("10."):
        return "DOI"
    return "URL" if identifier.startswith(("http://", "https://")) else "URN"


def _list_in(root: etree._Element, name: str) -> etree._Element:
    """The child of that name, made where there is none yet."""
    there = root.find(f"{{{DATACITE}}}{name}")
    return _add(root, name) if there is None else there


def _listed(root: etree._Element, many: str, one: str, values: Iterable[str], **attributes: str) -> None:
    for value in filter(None, (_plain(each) for each in values)):
        _add(_list_in(root, many), one, value, **attributes)


def _plain(text: str) -> str:
    """A text on one line, with what XML can hold; may be empty."""
    return xml_text(one_line(text, "")).strip()


def _add(parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
    return added(parent, f"{{{DATACITE}}}{name}", _plain(text), **attributes)


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
        "rights": of.rights,
    }
    for name, texts in values.items():
        for text in filter(None, (_plain(each) for each in texts)):
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
