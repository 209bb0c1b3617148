"""What a package is and how it is read, for somebody who has nothing but the package."""

from __future__ import annotations

from collections.abc import Iterator

from transcripts.deposit.contents import Contents
from transcripts.formats.subtitles import one_line
from transcripts.records import running_version

_FOLDERS = """\
data/record/     The record itself: one file a table, one JSON object a line, in UTF-8. Begin with
                 readings.jsonl: the transcript as it is to be read, passage by passage, with its translation.
                 datapackage.json says in words what every table and column holds. What people corrected is in
                 reviews.jsonl: who, when, what it was before. Numbers called vector serve search alone.
data/originals/  The sound and video files as they were recorded, a folder a recording.
data/tei/        The transcripts as TEI XML (ISO 24624): text, speakers, times, translations, themes.
data/captions/   The transcripts as WebVTT captions, which players show beside the sound; "original" is in
                 the languages spoken, the others are translations.
metadata/        datacite.xml and dublin-core.xml for catalogues; premis.xml: every file with its SHA-512 and
                 format, what was done and by whom; prov.json: what was derived from what.
manifest-sha512.txt, tagmanifest-sha512.txt
                 The SHA-512 of every file. A file whose SHA-512 is another one has changed since.
bagit.txt, bag-info.txt
                 This is a bag: BagIt, RFC 8493.
"""

_MADE = """\
HOW IT WAS MADE

Machines heard, translated and tagged; people corrected part of it. In readings.jsonl, state says which:
draft is the output of machines that nobody has looked at; reviewed and approved is what people vouched
for. Quote drafts with care. Programs and models, with their licences, are in signatures.jsonl. Times are
seconds from the start of the recording. Accounts and passwords are not in this package.

HOW TO READ IT

Any text editor and any player will do. With symposia (a Python program),
'symposia restore PACKAGE --archive NEW' checks every byte and makes the archive again, with its history."""
_RESTRICTED = """\
RESTRICTED: NOT TO BE OPENED TO EVERYBODY

This package is complete: data/record and data/originals hold what is withheld from the public, as listed
here. data/tei, data/captions and the metadata for catalogues are without it.
"""


def write_readme(made: Contents) -> bytes:
    """Plain text in UTF-8: what this is, what is where, what is machine work, how to read it."""
    return ("\n".join(_lines(made)) + "\n").encode("utf-8", "replace")


def _lines(made: Contents) -> Iterator[str]:
    yield one_line(made.name, "")
    yield ""
    yield f"Packed on {made.day} by symposia {running_version() or '(version unknown)'}."
    if made.wishes.publisher:
        yield f"Publisher: {one_line(made.wishes.publisher, '')}"
    if made.wishes.licence:
        yield f"Licence: {one_line(made.wishes.licence, '')}"
    yield ""
    yield from _withheld(made)
    yield "WHAT THIS IS"
    yield ""
    yield "Recordings of panels on which people spoke several languages: what was said, who said it and when,"
    yield "with translations, themes, and what people corrected. Panels:"
    yield ""
    recordings = {each.panel_id: 0 for each in made.recordings}
    for recording in made.recordings:
        recordings[recording.panel_id] += 1
    for conference in made.conferences:
        for panel in conference.panels:
            told = (panel.held_on, panel.title or panel.id, f"[{panel.id}]")
            number = recordings.get(panel.id, 0)
            yield f"  {one_line(' '.join(filter(None, told)), '')}: {number} recordings"
    yield ""
    yield "WHAT IS WHERE"
    yield ""
    yield _FOLDERS
    if not made.wishes.originals:
        yield "The originals are not in this package. recordings.jsonl has the SHA-256 of each."
        yield ""
    yield _MADE


def _withheld(made: Contents) -> Iterator[str]:
    if not made.withheld:
        return
    yield _RESTRICTED
    for each in made.withheld:
        until = f"until {each.until}" if each.until else "for good"
        yield one_line(f"the {each.kind} {each.target!r}, {until}: {each.reason}", "")
    yield ""


__all__ = ["write_readme"]
