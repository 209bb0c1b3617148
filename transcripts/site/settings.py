"""How a site looks and what it says of itself, as its organisers want it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

INCLUDED = {
    "approved": ("approved",),
    "reviewed": ("approved", "reviewed"),
    "draft": ("approved", "reviewed", "draft"),
}
DOWNLOADS = ("vtt", "txt", "epub", "csv", "jsonl", "tei")


@dataclass(frozen=True, slots=True)
class Partner:
    """Somebody who is thanked at the foot of every page."""

    name: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """`address` is where the site will be, with a slash at its end; '' where nobody knows yet.

    `introduction` and `about` are Markdown. `order` are ids of panels, which come first. The first
    of `languages` is the interface at the root, the others are in folders of their own. `templates`
    is a folder whose files are taken before ours.
    """

    title: str = ""
    subtitle: str = ""
    address: str = ""
    logo: Path | None = None
    accent: str = ""
    accent_dark: str = ""
    introduction: str = ""
    about: str = ""
    licence: str = ""
    licence_address: str = ""
    contact: str = ""
    order: tuple[str, ...] = ()
    partners: tuple[Partner, ...] = ()
    languages: tuple[str, ...] = ("en",)
    downloads: tuple[str, ...] = DOWNLOADS
    templates: Path | None = None


__all__ = ["DOWNLOADS", "INCLUDED", "Partner", "Site"]
