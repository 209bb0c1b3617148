"""Search: how well passages are found, and against other ways to find them.

    make bench-search
    python -m benchmarks.search --out search.json --sizes 10000 100000 1000000

Relevance is measured with the embedded profile on the short queries of ../shared/themes, whose
passages are translated by that profile's own translator, and on the FLORES and NTREX sentences of
../shared/text as known items: a sentence's translation as the query, and words of a sentence as
they stand in it and as people type them. Where ../shared is not at hand, speed alone is measured.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import regex
from rich.console import Console
from rich.table import Table

from benchmarks.provenance import ROOT, provenance
from benchmarks.search_speed import measure_speed, show_speed
from flows.models import Models
from flows.profiles import load_profile
from flows.yamlfile import configs_dir
from transcripts.archive import Archive, Conference, RecordingLayers, StageRecord
from transcripts.query import Mode, SearchQuery
from transcripts.records import (
    Embedding,
    Panel,
    Passage,
    Recording,
    Span,
    Translation,
    TranslationEmbedding,
    digest_of,
)
from transcripts.search import SearchIndex

SHARED = ROOT.parent / "shared"
LEAST = 1_000  # passages: of fewer, the corrections that are timed would not be there
CACHE = ROOT / "build"
CODES = {"eng": "en", "jpn": "ja", "fas": "fa", "spa": "es", "kor": "ko"}
LANGUAGES = tuple(CODES.values())
DEPTH = 10

Find = Callable[[str], list[str]]  # ids of passages, best first


@dataclass(frozen=True, slots=True)
class Text:
    """A passage to be found."""

    id: str
    language: str
    text: str
    translation: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A query with the passages that answer it."""

    language: str
    query: str
    relevant: frozenset[str]


def archive_of(texts: Sequence[Text], models: Models) -> Archive:
    """An archive in memory of these passages, embedded; a recording a language."""
    archive = Archive.in_memory()
    panels = tuple(Panel(code, code, (code,)) for code in LANGUAGES)
    archive.set_conference(Conference("bench", "Benchmark", "en", panels))
    embedder, signature = models.embedder, models.translation_signature
    for code in LANGUAGES:
        mine = [each for each in texts if each.language == code]
        translated = [each for each in mine if each.translation]
        vectors = embedder.passages([each.text for each in mine])
        read = embedder.passages([each.translation or "" for each in translated])
        layers = RecordingLayers(
            passages=tuple(
                Passage(each.id, code, n, Span(n, n + 1), None, "S1", code, each.text)
                for n, each in enumerate(mine)
            ),
            translations=tuple(
                Translation(each.id, "en", each.translation or "", 1.0, signature) for each in translated
            ),
            embeddings=tuple(
                Embedding(each.id, tuple(map(float, vector)), embedder.signature)
                for each, vector in zip(mine, vectors, strict=True)
            ),
            translation_embeddings=tuple(
                TranslationEmbedding(each.id, "en", tuple(map(float, vector)), embedder.signature)
                for each, vector in zip(translated, read, strict=True)
            ),
        )
        archive.keep(Recording(code, code, "", code, 1.0), layers, (StageRecord("bench", code, code),))
    return archive


def ours(index: SearchIndex, mode: Mode) -> Find:
    return lambda query: [hit.passage_id for hit in index.find(SearchQuery(query, mode=mode)).hits]


def fts5(texts: Sequence[Text], tokenizer: str, ending: str = "") -> Find:
    """SQLite's full-text search over text and translation, any of the query's words, by BM25.

    With `*` as `ending`, also of what begins with them.
    """
    database = sqlite3.connect(":memory:")
    database.execute(f"CREATE VIRTUAL TABLE t USING fts5(id UNINDEXED, words, tokenize='{tokenizer}')")
    rows = [(each.id, f"{each.text} {each.translation or ''}") for each in texts]
    database.executemany("INSERT INTO t VALUES (?, ?)", rows)

    def find(query: str) -> list[str]:
        words = " OR ".join(f'"{word}"{ending}' for word in query.replace('"', " ").split())
        sql = "SELECT id FROM t WHERE t MATCH ? ORDER BY rank LIMIT ?"
        return [row[0] for row in database.execute(sql, (words, DEPTH))] if words else []

    return find


def cosine(texts: Sequence[Text], models: Models) -> Find:
    """Embeddings as they are, by cosine."""
    vectors = models.embedder.passages([each.text for each in texts])

    def find(query: str) -> list[str]:
        order = np.argsort(-(vectors @ models.embedder.query(query)), kind="stable")
        return [texts[n].id for n in order[:DEPTH]]

    return find


def systems(texts: Sequence[Text], models: Models, *, words_only: bool = False) -> dict[str, Find]:
    index = SearchIndex.open(archive_of(texts, models), models.embedder.query)
    found = {
        "words": ours(index, "words"),
        **{f"FTS5 {each}": fts5(texts, each) for each in ("unicode61", "trigram")},
        "FTS5 porter unicode61, any ending": fts5(texts, "porter unicode61", "*"),
    }
    if words_only:
        return found
    with_meaning = {"hybrid": ours(index, "hybrid"), "meaning": ours(index, "meaning")}
    return {**with_meaning, "cosine as it is": cosine(texts, models), **found}


def figures(find: Find, asked: Iterable[Asked]) -> dict[str, Any]:
    """recall@10 and nDCG@10, of all and by the language of the query."""
    scored: dict[str, list[tuple[float, float]]] = {}
    for each in asked:
        top = find(each.query)[:DEPTH]
        gains = [float(passage in each.relevant) for passage in top]
        ideal = sum(1 / np.log2(n + 2) for n in range(min(DEPTH, len(each.relevant))))
        gained = sum(gain / np.log2(n + 2) for n, gain in enumerate(gains))
        reachable = min(DEPTH, len(each.relevant))
        scored.setdefault(each.language, []).append((sum(gains) / reachable, gained / ideal))
    every = [pair for pairs in scored.values() for pair in pairs]
    return {
        "queries": len(every),
        "recall": round(float(np.mean([recall for recall, _ in every])), 3),
        "ndcg": round(float(np.mean([ndcg for _, ndcg in every])), 3),
        "recall_by_language": {
            code: round(float(np.mean([recall for recall, _ in pairs])), 3) for code, pairs in scored.items()
        },
    }


# The short queries


def dev_queries(models: Models) -> tuple[list[Text], list[Asked]]:
    folder = SHARED / "themes"
    held = [json.loads(line) for line in (folder / "dev_passages.jsonl").read_text("utf-8").splitlines()]
    english = _translated([(each["language"], each["text"]) for each in held], models)
    texts = [Text(each["id"], each["language"], each["text"], english.get(each["text"])) for each in held]
    lines = (folder / "dev_queries.jsonl").read_text("utf-8").splitlines()
    asked = [json.loads(line) for line in lines]
    return texts, [Asked(each["language"], each["query"], frozenset(each["relevant"])) for each in asked]


def _translated(texts: Sequence[tuple[str, str]], models: Models) -> dict[str, str]:
    """English by the profile's own translator, kept in build/: it takes minutes."""
    name = digest_of([models.translation_signature.digest, [list(each) for each in texts]])
    kept = CACHE / f"search-translations-{name}.json"
    if kept.exists():
        known: dict[str, str] = json.loads(kept.read_text("utf-8"))
        return known
    found: dict[str, str] = {}
    for code in dict.fromkeys(code for code, _ in texts if code != "en"):
        mine = [text for each, text in texts if each == code]
        results = models.translator.translate(mine, code, "en")
        found |= {text: result.text for text, result in zip(mine, results, strict=True)}
    CACHE.mkdir(exist_ok=True)
    kept.write_text(json.dumps(found, ensure_ascii=False), "utf-8")
    return found


# Known items


def sentences() -> list[dict[str, str]]:
    """FLORES and NTREX sentences, each by language."""
    found = []
    for name in ("flores_topics", "ntrex"):
        with (SHARED / "text" / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            found += [{code: row[column] for column, code in CODES.items()} for row in rows]
    return found


def across_languages(rows: Sequence[dict[str, str]]) -> tuple[list[Text], list[Asked]]:
    """Each sentence once, in one of the languages; its versions in the other four ask for it."""
    texts = [Text(f"s{n}", LANGUAGES[n % 5], row[LANGUAGES[n % 5]]) for n, row in enumerate(rows)]
    asked = [
        Asked(f"{code}>{text.language}", row[code], frozenset({text.id}))
        for row, text in zip(rows, texts, strict=True)
        for code in LANGUAGES
        if code != text.language
    ]
    return texts, asked


def among_all_languages(rows: Sequence[dict[str, str]]) -> list[Text]:
    """Each sentence in every language."""
    return [Text(f"{code}{n}", code, row[code]) for code in LANGUAGES for n, row in enumerate(rows)]


_WORD = {
    "ja": regex.compile(r"\p{Han}{2,4}|\p{Katakana}{3,}ー?\p{Katakana}*"),
    "ko": regex.compile(r"\p{Hangul}{3,5}"),
    "fa": regex.compile(r"[\p{Arabic}\p{M}\u200c]{4,}"),
}
_PARTICLE = regex.compile(r"(?<=..)(?:으로|에서|까지|부터|은|는|이|가|을|를|의|에|와|과|도|로)$")
_SEED = 5


def keywords(rows: Sequence[dict[str, str]], typed: Callable[[str, str], str]) -> list[Asked]:
    """A word of each sentence, as `typed` in its language; what answers is every sentence that has it.

    Words are cut by script alone, so that no analyser is favoured.
    """
    rng = random.Random(_SEED)
    asked = []
    for code in LANGUAGES:
        for row in rows:
            words = (_WORD.get(code) or regex.compile(r"\p{Latin}{5,}")).findall(row[code])
            if words:
                word = rng.choice(words)
                having = frozenset(f"{code}{n}" for n, each in enumerate(rows) if word in each[code])
                asked.append(Asked(code, typed(code, word), having))
    return asked


def as_it_stands(code: str, word: str) -> str:
    return word


def as_people_type(code: str, word: str) -> str:
    """Without particles, accents and capitals, with an Arabic keyboard's letters, in another number."""
    if code == "ko":
        return _PARTICLE.sub("", word)
    if code == "fa":
        return word.replace("ک", "ك").replace("ی", "ي").replace("\u200c", " ")
    if code == "es":
        return word.lower().translate(str.maketrans("áéíóúüñ", "aeiouun"))
    if code == "en":
        return word.lower() if word.endswith("s") else f"{word.lower()}s"
    return word[:2]  # Japanese: the beginning of a compound


# All together


def relevance(models: Models, console: Console) -> dict[str, Any]:
    """Every table of relevance, by system."""
    found: dict[str, Any] = {}
    texts, asked = dev_queries(models)
    found["short queries"] = {name: figures(find, asked) for name, find in systems(texts, models).items()}
    _show("short queries in five languages", found["short queries"], console)
    rows = sentences()
    texts, asked = across_languages(rows)
    across = systems(texts, models)
    found["across languages"] = {
        name: figures(across[name], asked) for name in ("hybrid", "meaning", "words", "cosine as it is")
    }
    _show("a sentence asked for by its translations", found["across languages"], console)
    every = systems(among_all_languages(rows), models, words_only=True)
    for name, typed in (("words as they stand", as_it_stands), ("words as people type them", as_people_type)):
        asked = keywords(rows, typed)
        found[name] = {system: figures(find, asked) for system, find in every.items()}
        _show(name, found[name], console)
    return found


def _show(title: str, found: dict[str, Any], console: Console) -> None:
    table = Table("way", "recall@10", "nDCG@10", "recall@10 by language", title=title)
    for name, each in found.items():
        by_language = "  ".join(f"{code} {value:.2f}" for code, value in each["recall_by_language"].items())
        table.add_row(name, f"{each['recall']:.3f}", f"{each['ndcg']:.3f}", by_language)
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description="Measure search.")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000], help="passages, for speed")
    parser.add_argument("--keep", type=Path, help="where made-up archives lie, and are found again")
    options = parser.parse_args()
    console = Console(width=170, highlight=False)
    document: dict[str, Any] = {"made": provenance("benchmarks.search")}
    if min(options.sizes, default=LEAST) < LEAST:
        parser.error(f"--sizes takes sizes from {LEAST} passages on")
    if (SHARED / "themes").is_dir() and (SHARED / "text").is_dir():
        models = Models(load_profile("embedded"), configs_dir() / "themes.yaml", lambda line: None)
        document["relevance"] = relevance(models, console)
    else:
        Console(stderr=True).print("../shared is not here: speed alone is measured.")
    document["speed"] = {}
    for size in options.sizes:
        document["speed"][str(size)] = found = measure_speed(size, options.keep)
        show_speed(size, found, console)
    if options.out:
        options.out.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
