"""Markdown of the organisers to HTML: no markup of their own, no pictures from elsewhere, no scripts."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup

# Raw HTML is shown as text; addresses such as javascript: are no links (markdown-it's own rule).
# A picture would be asked for from wherever it is, and no page asks anybody for anything.
_PARSER = MarkdownIt("commonmark", {"html": False, "linkify": False}).disable(
    ["image", "html_block", "html_inline"]
)


def as_html(text: str) -> Markup:
    """The text as HTML that may stand in any page."""
    return Markup(_PARSER.render(text)) if text.strip() else Markup("")  # noqa: S704 - see above


__all__ = ["as_html"]
