"""XML as our writers write it and our readers take it: whole, in UTF-8, without what XML cannot hold."""

from __future__ import annotations

import re

from lxml import etree

from transcripts.errors import FormatError

XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

# https://www.w3.org/TR/xml/#charsets; a carriage return comes back as a line feed.
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """A text without the control characters that XML cannot hold."""
    return _NOT_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def added(parent: etree._Element, tag: str, text: str = "", **attributes: str) -> etree._Element:
    """A new last child, with its text; an underscore at the end of an attribute's name is not written."""
    child = etree.SubElement(parent, tag)
    for name, value in attributes.items():
        child.set(name.rstrip("_").replace("__", ":"), xml_text(value))
    if text:
        child.text = xml_text(text)
    return child


def xml_bytes(root: etree._Element) -> bytes:
    """The document, indented where that adds no blank to a text."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def parsed(content: bytes, name: str) -> etree._Element:
    """The root of a document from elsewhere: no entities are resolved, and nothing is fetched.

    Raises FormatError, naming the file and the line, for what is not XML.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise FormatError(
            f"{name} is no XML ({error.msg}): save it again in the program it is from"
        ) from error


__all__ = ["XML_ID", "XML_LANG", "added", "parsed", "xml_bytes", "xml_text"]
