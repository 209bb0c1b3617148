"""Archives to publish: the sample conference, approved, and one of everything that is awkward."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from sample_archive import CONFERENCE, SCRIPT, STAGES, TRANSLATOR, layers, recording
from web_archive import layers_with_words, write_sound

from transcripts.archive import Archive, Conference, RecordingLayers, ThemeName
from transcripts.records import Panel, Passage, Recording, Span, Speaker, ThemeTag, Translation
from transcripts.review import ReviewDesk

HOSTILE = "</script><script>alert(1)</script> & \"quoted\" 'x' \u202e --> {{ 7*7 }}"


def approved(archive: Archive) -> Archive:
    """The archive with every passage approved."""
    desk = ReviewDesk(archive)
    for entry in archive.entries():
        desk.set_state(entry.passage.id, "approved", "ana")
    return archive


def sample(directory: Path) -> Archive:
    """The sample conference, approved, with sound for its first panel."""
    archive = Archive.open(directory, create=True)
    archive.set_conference(CONFERENCE)
    sound = write_sound(directory / "rec-1.wav", 123.25)
    digest = hashlib.sha256(sound.read_bytes()).hexdigest()
    heard = replace(recording("rec-1"), path=str(sound), sha256=digest)
    archive.keep(heard, layers_with_words("rec-1"), STAGES)
    archive.keep(replace(recording("rec-2"), kind="captions"), layers("rec-2"), STAGES)
    return approved(archive)


def awkward(directory: Path) -> Archive:
    """Panels of one title, with slashes; nobody named, nothing translated; one emoji; texts that attack."""
    archive = Archive.open(directory, create=True)
    title = "AI / Film: ../../<b>q?&a#1"
    panels = (
        Panel("a", title, ("ja", "fa"), "2025-03-01", ("nameless",)),
        Panel("A.", title, ("en",)),
        Panel("日本 / x", "", ("es",)),
        Panel("empty", "Nothing said", ("es",)),
    )
    people = (Speaker("nameless", ""), Speaker("evil", HOSTILE, HOSTILE))
    themes = (ThemeName("a/b", HOSTILE), ThemeName("a-b", ""), ThemeName("unused", "Unused"))
    archive.set_conference(Conference("c", HOSTILE, "en", panels, people, themes=themes))
    for number, panel in enumerate(panels[:3]):
        texts = ("👍", HOSTILE, "نوشتن فیلم‌نامه", "映" * 3000)
        name = f"r{number}"
        passages = tuple(
            Passage(
                f"{name}-{n}", name, n, Span(5.0 * n, 5.0 * n + 4), (None, "nameless", "evil", None)[n],
                "", panel.languages[0], text,
            )
            for n, text in enumerate(texts)
        )  # fmt: skip
        translated = () if number else (Translation("r0-0", "en", HOSTILE, 0.4, TRANSLATOR),)
        tags = tuple(ThemeTag(f"{name}-1", each.id, 0.9, True, TRANSLATOR, (0, 9)) for each in themes[:2])
        archive.keep(
            Recording(name, panel.id, f"{name}.mkv", "ab" * 32, 19.0, "video"),
            RecordingLayers(passages=passages, translations=translated, tags=tags),
            STAGES,
        )
    return approved(archive)


def long_panels(directory: Path, panels: int, passages: int) -> Archive:
    """Panels of many passages each."""
    archive = Archive.open(directory, create=True)
    made = tuple(Panel(f"p{n}", f"Panel {n}", ("en",)) for n in range(panels))
    archive.set_conference(
        Conference("c", "C", "en", made, (Speaker("s", "S"),), themes=(ThemeName("t", "T"),))
    )
    for panel in made:
        said = tuple(
            Passage(
                f"{panel.id}-{n}",
                panel.id,
                n,
                Span(n * 2.0, n * 2.0 + 1),
                "s",
                "S1",
                "en",
                f"Word{n} of {panel.id}.",
            )
            for n in range(passages)
        )
        tags = tuple(ThemeTag(each.id, "t", 0.9, True, TRANSLATOR) for each in said[::2])
        record = Recording(panel.id, panel.id, "x.srt", "ab" * 32, passages * 2.0, "captions")
        archive.keep(record, RecordingLayers(passages=said, tags=tags), STAGES)
    return archive


__all__ = ["HOSTILE", "SCRIPT", "approved", "awkward", "long_panels", "sample"]
