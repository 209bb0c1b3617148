"""How a published site looks and what it says of itself: one YAML file, checked whole.

docs/publishing.md has a word for every key (a test sees to it). Paths start from the file's folder.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from flows.config import Slug, Text
from flows.given_files import ExistingFile
from flows.yamlfile import Described, read_yaml, resolved, validated
from transcripts.formats.writers import WRITERS
from transcripts.site.settings import DOWNLOADS, Partner, Site
from transcripts.web.wording import INTERFACES

LOGOS = (".svg", ".png", ".jpg", ".jpeg", ".webp")


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"{value!r} is no address of the web: write it as https://example.org/talks/.")
    return value


def _folder_address(value: str) -> str:
    return _web_address(value).rstrip("/") + "/"


def _colour(value: str) -> str:
    if not re.fullmatch(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})", value):
        raise ValueError(f"{value!r} is no colour: write it as '#1f626b', in quotes.")
    return value


def _logo(value: Path) -> Path:
    if value.suffix.lower() not in LOGOS:
        raise ValueError(f"{value.name} is no picture that every browser shows: use {', '.join(LOGOS)}.")
    return value


def _folder(value: object, info: ValidationInfo) -> Path:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"must be the path of a folder, not {value!r}: write it as text.")
    path = resolved(value, info)
    if not path.is_dir():
        raise ValueError(f"{path} is not a folder: correct the path; it starts from the folder of this file.")
    return path


def _interface(value: str) -> str:
    if value not in INTERFACES:
        raise ValueError(f"{value!r} is no language of the interface: choose from {', '.join(INTERFACES)}.")
    return value


def _format(value: str) -> str:
    if value not in WRITERS:
        raise ValueError(f"{value!r} is no format: choose from {', '.join(WRITERS)}.")
    return value


WebAddress = Annotated[str, AfterValidator(_web_address)]
FolderAddress = Annotated[str, AfterValidator(_folder_address)]
Colour = Annotated[str, AfterValidator(_colour)]
Logo = Annotated[ExistingFile, AfterValidator(_logo)]
Folder = Annotated[Path, BeforeValidator(_folder)]
Interface = Annotated[str, AfterValidator(_interface)]
Format = Annotated[str, AfterValidator(_format)]


class PartnerEntry(Described):
    """One of `partners`."""

    name: Text = Field(description="the partner's name")
    address: WebAddress | None = Field(default=None, description="the partner's page")


class ColourEntry(Described):
    """`colours`."""

    accent: Colour = Field(description="of links and buttons, dark enough to be read on white")
    accent_dark: Colour | None = Field(
        default=None, description="the same for dark screens, light enough; left out: a lighter accent"
    )


class LicenceEntry(Described):
    """`licence`."""

    name: Text = Field(description="the name of the licence, such as CC BY 4.0")
    address: WebAddress | None = Field(default=None, description="where the licence can be read")


class SiteFile(Described):
    """The whole file."""

    title: str = Field(default="", description="the name of the site; left out: the conference's")
    subtitle: str = Field(default="", description="a line below it")
    address: FolderAddress | None = Field(
        default=None, description="where the site will be; needed for its feed, its map and IIIF manifests"
    )
    logo: Logo | None = Field(default=None, description="a picture for the top of every page")
    colours: ColourEntry | None = Field(default=None, description="the colours of links and buttons")
    introduction: str = Field(default="", description="what the home page says, in Markdown")
    about: str = Field(default="", description="what the page 'About' begins with, in Markdown")
    licence: LicenceEntry | None = Field(default=None, description="how the texts may be used")
    contact: str = Field(default="", description="whom to write to")
    order: tuple[Slug, ...] = Field(default=(), description="ids of panels that come first, in this order")
    partners: tuple[PartnerEntry, ...] = Field(default=(), description="who is named at the foot of pages")
    languages: Annotated[tuple[Interface, ...], Field(min_length=1)] = Field(
        default=("en",), description="languages of the interface; the first is shown first"
    )
    downloads: tuple[Format, ...] = Field(default=DOWNLOADS, description="formats to offer of each panel")
    templates: Folder | None = Field(default=None, description="a folder of templates that replace ours")


def load_site(path: Path) -> Site:
    """Read and check a site file. Raises ConfigurationError with every mistake found, one a line."""
    file = validated(SiteFile, read_yaml(path))
    return Site(
        title=file.title,
        subtitle=file.subtitle,
        address=file.address or "",
        logo=file.logo,
        accent=file.colours.accent if file.colours else "",
        accent_dark=(file.colours.accent_dark or "") if file.colours else "",
        introduction=file.introduction,
        about=file.about,
        licence=file.licence.name if file.licence else "",
        licence_address=(file.licence.address or "") if file.licence else "",
        contact=file.contact,
        order=file.order,
        partners=tuple(Partner(each.name, each.address or "") for each in file.partners),
        languages=tuple(dict.fromkeys(file.languages)),
        downloads=tuple(dict.fromkeys(file.downloads)),
        templates=file.templates,
    )


__all__ = ["SiteFile", "load_site"]
