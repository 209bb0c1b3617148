"""Archives of made-up passages, of any size, for measuring speed and memory.

Words follow the frequencies of real text (Zipf-Mandelbrot); the commonest are each language's own
function words, the others are made of its syllables or letters. Vectors lie in clusters, as those
of passages on the same subjects do.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import Table, insert, update

from nlp.embeddings import EmbeddingOptions
from transcripts import schema
from transcripts.archive import Archive, Conference, ThemeName
from transcripts.records import Panel, Passage, Recording, Signature, Span, Speaker
from transcripts.rows import Row, passage_row, recording_row, signature_row

DIMENSIONS = 384
LANGUAGES = ("en", "ja", "fa", "es", "ko")
PER_RECORDING = 2_000  # a long panel of three hours
POOL = 20_000  # different texts a language
CLUSTERS = 2_000
SPEAKERS = 200
THEMES = ("creativity", "ethics", "future")

_COMMON = {
    "en": "the and to of a in that is it for we you on with this are be as have not",
    "ja": "の に は を た が で て と し れ さ ある いる も する から な こと として",
    "fa": "و در به از که این را با است برای آن یک خود تا بر هم نیز می شود ما",
    "es": "de la que el en y a los se del las un por con no una su para es al",
    "ko": "이 그 저 것 수 등 및 더 또 안 잘 못 왜 다 한 두 세 네 첫 각",
}
# Queries are embedded by the embedded profile's model, as its users wait for; the vectors are made up.
_EMBEDDER = Signature("benchmarks", EmbeddingOptions().model, "made up")
_TRANSLATOR = Signature("benchmarks", "synthetic", "2")


def vocabulary(language: str, rng: np.random.Generator, size: int) -> list[str]:
    """Different words, the commonest first."""
    words = dict.fromkeys(_COMMON[language].split())
    while len(words) < size:
        words[_word(language, rng)] = None
    return list(words)


def _word(language: str, rng: np.random.Generator) -> str:
    if language == "ja":  # two kanji, or a run of katakana
        if rng.random() < 0.7:
            return "".join(chr(0x4E00 + int(letter)) for letter in rng.integers(0, 4_000, 2))
        return "".join(chr(0x30A2 + int(letter)) for letter in rng.integers(0, 80, rng.integers(3, 7)))
    if language == "ko":
        return "".join(chr(0xAC00 + 28 * int(letter)) for letter in rng.integers(0, 399, rng.integers(2, 4)))
    vowels, consonants = ("اوی", "بپتجچدرزسشفقکگلمن") if language == "fa" else ("aeiou", "bcdfglmnprstv")
    syllables = int(rng.integers(2, 5))
    letters = zip(rng.choice(list(consonants), syllables), rng.choice(list(vowels), syllables), strict=True)
    return "".join(consonant + vowel for consonant, vowel in letters)


class Maker:
    """Makes texts and vectors; the same seed makes the same ones."""

    def __init__(self, seed: int = 0, words: int = 30_000) -> None:
        """A vocabulary of so many words a language."""
        self.rng = np.random.default_rng(seed)
        self.vocabularies = {code: np.array(vocabulary(code, self.rng, words)) for code in LANGUAGES}
        weights = 1 / (np.arange(words) + 2.7) ** 1.07
        self._cumulated = np.cumsum(weights / weights.sum())
        self._pools: dict[str, list[str]] = {}
        self._centres = self.rng.standard_normal((CLUSTERS, DIMENSIONS)).astype(np.float32)

    def texts(self, language: str, count: int) -> list[str]:
        """Texts of 30 words on average; the same ones come again once there are POOL of a language.

        So an archive of a million passages is analysed in minutes, and has the posting lists that
        it would have.
        """
        pool = self._pools.setdefault(language, [])
        if len(pool) < POOL:
            pool += self._new_texts(language, count)
            return pool[-count:]
        return [pool[n] for n in self.rng.integers(0, len(pool), count)]

    def _new_texts(self, language: str, count: int) -> list[str]:
        lengths = np.clip(self.rng.lognormal(3.3, 0.45, count), 4, 120).astype(int)
        drawn = np.searchsorted(self._cumulated[:-1], self.rng.random(lengths.sum()))
        words = self.vocabularies[language][drawn]
        blank = "" if language == "ja" else " "
        parts = np.split(words, np.cumsum(lengths)[:-1])
        return [blank.join(part) + ("。" if language == "ja" else ".") for part in parts]

    def vectors(self, count: int) -> npt.NDArray[np.float32]:
        """Unit vectors, shape (count, DIMENSIONS)."""
        near = self._centres[self.rng.integers(0, CLUSTERS, count)]
        found = near + 0.9 * self.rng.standard_normal((count, DIMENSIONS)).astype(np.float32)
        unit: npt.NDArray[np.float32] = found / np.linalg.norm(found, axis=1, keepdims=True)
        return unit

    def query(self, language: str, words: int) -> str:
        """Words as people look for: neither the commonest nor the rarest."""
        ranks = np.exp(self.rng.uniform(np.log(50), np.log(len(self._cumulated) / 3), words)).astype(int)
        return " ".join(self.vocabularies[language][ranks])


def conference(passages: int, a_panel: int = PER_RECORDING) -> Conference:
    """One panel a recording, a day for every ten of them."""
    count = -(-passages // a_panel)
    panels = tuple(
        Panel(
            f"panel-{n:04d}",
            f"Panel {n}",
            LANGUAGES,
            f"20{n // 3650:02d}-{n // 300 % 12 + 1:02d}-{n // 10 % 28 + 1:02d}",
        )
        for n in range(count)
    )
    speakers = tuple(Speaker(f"speaker-{n}", f"Speaker {n}") for n in range(SPEAKERS))
    themes = tuple(ThemeName(theme, theme.title()) for theme in THEMES)
    return Conference("synthetic", "Synthetic", "en", panels, speakers, themes=themes)


def fill(directory: Path, passages: int, maker: Maker, a_panel: int = PER_RECORDING) -> None:
    """A new archive of so many passages, as many `a_panel`.

    Rows are put into the tables that reading and indexing use, straight away: what a run takes
    to keep them is not what is measured. Only the first recording has all layers, and can be
    corrected.
    """
    with Archive.open(directory, create=True) as archive:
        archive.set_conference(conference(passages, a_panel))
        with archive.writing() as connection:
            made_by = [signature_row(each) for each in (_EMBEDDER, _TRANSLATOR)]
            connection.execute(insert(schema.signatures), made_by)
            for number, start in enumerate(range(0, passages, a_panel)):
                for table, rows in _rows(number, min(a_panel, passages - start), maker).items():
                    connection.execute(insert(table), rows)
            connection.execute(update(schema.meta).where(schema.meta.c.key == "revision").values(value="1"))


def _rows(number: int, count: int, maker: Maker) -> dict[Table, list[Row]]:
    """The rows of one recording, by table, in an order that references allow."""
    rng, name = maker.rng, f"rec-{number:04d}"
    recording = Recording(name, f"panel-{number:04d}", f"{name}.opus", f"{number:064x}", 6.0 * count)
    codes = [LANGUAGES[n] for n in rng.integers(0, len(LANGUAGES), count)]
    made = {code: iter(maker.texts(code, codes.count(code))) for code in LANGUAGES if code in codes}
    english, speakers = maker.texts("en", count), rng.integers(0, SPEAKERS, count)
    passages = [
        Passage(
            f"{name}-{n:06d}",
            name,
            n,
            Span(6.0 * n, 6.0 * n + 5),
            f"speaker-{speakers[n]}",
            "S1",
            code,
            next(made[code]),
        )
        for n, code in enumerate(codes)
    ]
    assigned = rng.random((count, len(THEMES))) < 0.2
    rows = {
        schema.recordings: [{**recording_row(recording), "revision": 1}],
        schema.passages: [
            {**passage_row(each), "recording_id": name, "position": each.ordinal} for each in passages
        ],
        schema.embeddings: [
            {
                "recording_id": name,
                "position": n,
                "passage_id": passages[n].id,
                "vector": vector.tobytes(),
                "signature": _EMBEDDER.digest,
            }
            for n, vector in enumerate(maker.vectors(count))
        ],
        schema.readings: [_reading(each, english[n], float(rng.random())) for n, each in enumerate(passages)],
        schema.reading_themes: [
            {
                "passage_id": passages[n].id,
                "theme_id": theme,
                "recording_id": name,
                "belongs": True,
                "decided": False,
                "score": 0.9,
            }
            for n in range(count)
            for theme, belongs in zip(THEMES, assigned[n], strict=True)
            if belongs
        ],
    }
    return rows if number else rows | _layers(rows)


def _layers(rows: dict[Table, list[Row]]) -> dict[Table, list[Row]]:
    """The machine's translations and tags that these readings would come from."""
    translated = [row for row in rows[schema.readings] if row["translation"] is not None]
    of_passage = ("recording_id", "passage_id")
    return {
        schema.translations: [
            {
                "recording_id": row["recording_id"],
                "position": position,
                "passage_id": row["id"],
                "language": "en",
                "text": row["translation"],
                "quality": row["quality"],
                "signature": row["signature"],
                "flags": [],
            }
            for position, row in enumerate(translated)
        ],
        schema.theme_tags: [
            {name: row[name] for name in (*of_passage, "theme_id", "score")}
            | {"position": position, "assigned": True, "signature": _TRANSLATOR.digest, "nearest": ""}
            for position, row in enumerate(rows[schema.reading_themes])
        ],
    }


def _reading(passage: Passage, english: str, quality: float) -> Row:
    translated = passage.language != "en"
    row = {name: value for name, value in passage_row(passage).items() if name != "ordinal"}
    return row | {
        "recording_id": passage.recording_id,
        "position": passage.ordinal,
        "origin": passage.id,
        "translation": english if translated else None,
        "quality": quality if translated else None,
        "signature": _TRANSLATOR.digest if translated else None,
        "translation_flags": [],
        "state": "draft",
        "doubt": 1.0,  # as it will be when the recording is read again
        "reviewer": "",
        "revision": 1,
    }
