"""A small conference in five languages, and a fake embedder: for the tests of archive and search."""

from __future__ import annotations

import hashlib
import math
import random

from transcripts.archive import Archive, Conference, RecordingLayers, StageRecord, ThemeName
from transcripts.records import (
    Clause,
    Embedding,
    Gap,
    NameMention,
    Panel,
    Passage,
    Recording,
    Segment,
    Signature,
    Span,
    Speaker,
    SpeakerHint,
    ThemeTag,
    Translation,
    TranslationEmbedding,
    Turn,
    Word,
)
from transcripts.rows import float32_bytes, float32_values

DIMENSIONS = 16
EMBEDDER = Signature("embed", "fake", "1", "MIT", {"dimensions": DIMENSIONS}, "0.1.0")
TRANSLATOR = Signature("translate", "fake", "2")
NAMER = Signature("names")
TAGGER = Signature("tag", "fake", "3", options={"thresholds": {"ethics": 0.5}})

# What each text is about, for the fake embedder: texts of one topic lie close in every language.
TOPICS = {
    "ethics": ("倫理", "اخلاق", "ética", "etica", "윤리", "ethic"),
    "future": ("未来", "آینده", "futuro", "미래", "future"),
    "craft": ("絵コンテ", "فیلم‌نامه", "guion", "영화", "storyboard", "script"),
}

CONFERENCE = Conference(
    id="film-ai",
    title="The Future of Filmmaking",
    target_language="en",
    panels=(
        Panel("opening", "Opening", ("ja", "es", "en"), "2025-03-01", ("director", "producer")),
        Panel('o\'neill "b"', "Second panel", ("ko", "fa"), "2025-03-02", ("o'hara",)),
    ),
    speakers=(
        Speaker("director", "Director (Japan)", "Studio", ("ja",)),
        Speaker("producer", "Productora (México)", "", ("es", "en")),
        Speaker("o'hara", "Ms. O'Hara; --", "", ("ko",)),
    ),
    glossary=(
        {"id": "storyboard", "kind": "term", "forms": {"ja": ["絵コンテ"]}},
        {"id": "busan", "kind": "place", "forms": {"ko": ["부산"], "en": ["Busan"]}},
    ),
    themes=(ThemeName("ethics", "Ethics and Cultural Responsibility"), ThemeName("o'future", "The Future")),
)

# recording, passage, speaker, language, text, translation, assigned themes
SCRIPT = tuple(
    tuple(cell.strip() for cell in line.split("|"))
    for line in """
rec-1|p01|director|ja|AI倫理委員会で議論しました。|We discussed it in the AI ethics committee.|ethics
rec-1|p02|director|ja|映画の未来図を描く絵コンテです。|A storyboard of the future of cinema.|o'future
rec-1|p03|producer|es|La producción audiovisual en los pueblos.|Production in the villages.|
rec-1|p04|producer|es|La ética no es un adorno del guion.|Ethics is no ornament of the script.|ethics
rec-1|p05|producer|en|Editors were editing the storyboard's 3 drafts.||
rec-2|p06|o'hara|ko|부산국제영화제에서 판소리를 들었어요.|I heard pansori at the Busan film festival.|
rec-2|p07||fa|نوشتن فیلم‌نامه‌های تازه با ماشین و کلیشه‌های فرهنگی.|Writing scripts by machine.|ethics o'future
rec-2|p08||ko|윤리위원회의 보조출연자를 위한 미래 계획|A plan for extras by the ethics board|ethics
""".strip().splitlines()
)

STAGES = (StageRecord("probe", "k1", "d1"), StageRecord("transcribe", "k2", "d2"))


def embed(text: str) -> list[float]:
    """A unit vector of shape (DIMENSIONS,): the text's topics plus a little noise of its own."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    numbers = [random.Random(seed + n).gauss(0, 0.05) for n in range(DIMENSIONS)]
    for axis, forms in enumerate(TOPICS.values()):
        numbers[axis] += sum(form in text.casefold() for form in forms)
    norm = math.sqrt(sum(number * number for number in numbers))
    return [number / norm for number in numbers]


def float32(vector: list[float]) -> tuple[float, ...]:
    """The vector in numbers that float32 can hold, as models give them."""
    return float32_values(float32_bytes(vector))


def recording(recording_id: str) -> Recording:
    panel = CONFERENCE.panels[0 if recording_id == "rec-1" else 1].id
    return Recording(recording_id, panel, f"/media/{recording_id}.opus", "ab" * 32, 123.25)


def layers(recording_id: str, without: tuple[str, ...] = ()) -> RecordingLayers:
    """Every layer of a recording of the script; `without` leaves passages out."""
    lines = [line for line in SCRIPT if line[0] == recording_id and line[1] not in without]
    spans = {line[1]: Span(10.0 * n, 10.0 * n + 8.123) for n, line in enumerate(lines)}
    return RecordingLayers(
        segments=tuple(
            Segment(
                f"s-{pid}",
                recording_id,
                spans[pid],
                language,
                0.91,
                text,
                (Word(text[:4], Span(spans[pid].start_s, spans[pid].end_s - 1 / 3), 0.123456789),),
                0.7,
                "S1" if speaker else "S2",
                ("repetition",) if pid == "p06" else (),
            )
            for _, pid, speaker, language, text, _, _ in lines
        ),
        gaps=(Gap(Span(90.0, 95.5), "no language of the panel fits"),),
        turns=(
            Turn(recording_id, Span(0.0, 30.0), "S1", "director"),
            Turn(recording_id, Span(30.0, 60.0), "S2"),
        ),
        hints=(
            SpeakerHint(recording_id, 2.0, "S1", "the director", "self", "I am the director", "director"),
            SpeakerHint(recording_id, 31.5, "S2", "O'Hara", "self", "my name is O'Hara", "o'hara"),
        ),
        passages=tuple(
            Passage(
                pid,
                recording_id,
                n,
                spans[pid],
                speaker or None,
                "S1" if speaker else "S2",
                language,
                text,
                (f"s-{pid}",),
                0.7,
                ("doubtful",) if pid == "p07" else (),
            )
            for n, (_, pid, speaker, language, text, _, _) in enumerate(lines)
        ),
        translations=tuple(
            Translation(pid, "en", english, 0.5, TRANSLATOR)
            for _, pid, _, language, _, english, _ in lines
            if language != "en"
        ),
        tags=tuple(tag for _, pid, _, _, _, _, themes in lines for tag in _tags(pid, themes.split())),
        embeddings=tuple(
            Embedding(pid, float32(embed(text)), EMBEDDER) for _, pid, _, _, text, _, _ in lines
        ),
        translation_embeddings=tuple(
            TranslationEmbedding(pid, "en", float32(embed(english)), EMBEDDER)
            for _, pid, _, language, _, english, _ in lines
            if language != "en"
        ),
        clauses=tuple(
            Clause(pid, 0, len(text), float32(embed(text)), EMBEDDER) for _, pid, _, _, text, _, _ in lines
        ),
        names=tuple(
            NameMention(pid, text.index("부산"), text.index("부산") + 2, "place", "busan", NAMER)
            for _, pid, _, _, text, _, _ in lines
            if "부산" in text
        ),
        notes=("music for 4 s",),
    )


def _tags(passage_id: str, assigned: list[str]) -> tuple[ThemeTag, ...]:
    return tuple(
        ThemeTag(passage_id, theme.id, 0.8, True, TAGGER, (0, 2), "an example")
        if theme.id in assigned
        else ThemeTag(passage_id, theme.id, 0.1, False, TAGGER)
        for theme in CONFERENCE.themes
    )


def fill(archive: Archive) -> Archive:
    """Put the whole sample into an archive."""
    archive.set_conference(CONFERENCE)
    for recording_id in ("rec-1", "rec-2"):
        archive.keep(recording(recording_id), layers(recording_id), STAGES)
    return archive
