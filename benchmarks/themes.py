"""Themes: how well passages are tagged, cold and trained, and how fast.

    make bench-themes
    python -m benchmarks.themes --out themes.json
    python -m benchmarks.themes --nli MODEL

The dev passages of ../shared/themes with the packaged themes, and the SIB-200 topics of the
sentences in ../shared/text with topics that are described in a sentence each. Trained figures
are of held-out passages (nested cross-validation). Evidence is measured on passages made of
two remarks of the taxonomy, one with the theme and one without any: those words are known;
and against the words that one of us marked (`benchmarks.theme_marks`).
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from sklearn.metrics import precision_recall_fscore_support

from benchmarks.provenance import provenance
from benchmarks.theme_marks import marks_figures, read_marks
from nlp.clauses import ClauseOptions, clauses
from nlp.embeddings import Embedder, EmbeddingOptions, Vectors, load_embedder
from nlp.entailment import EntailmentOptions, load_entailment
from nlp.taxonomy import Taxonomy, Theme, load_taxonomy, packaged_themes
from nlp.theme_evidence import reason
from nlp.theme_training import Labelled, Training, TrainingOptions
from nlp.themes import Tagger, TaggerOptions, load_tagger
from nlp.weights import silent

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
TOPICS = {
    "science/technology": "Science, research, nature and technical inventions.",
    "travel": "Travelling, tourism, hotels, transport and sights to visit.",
    "politics": "Politics, government, elections, law, war and diplomacy.",
    "sports": "Sports, athletes, matches, competitions and games.",
    "health": "Health, medicine, illness, hospitals and the human body.",
    "entertainment": "Entertainment: films, music, television, celebrities and culture.",
    "geography": "Geography: countries, cities, mountains, rivers, climate and landscapes.",
}
CODES = {"eng": "en", "jpn": "ja", "fas": "fa", "spa": "es", "kor": "ko"}
RETAGGED = 10_000
WORDS, LETTERS = 30, 180  # of the passages whose speed is measured, where words have blanks between them

Assigned = npt.NDArray[np.bool_]  # shape (passages, themes)


@dataclass(frozen=True, slots=True)
class Sample:
    """Passages with what people said of them."""

    name: str
    taxonomy: Taxonomy
    texts: tuple[str, ...]
    languages: tuple[str, ...]
    belongs: Assigned
    groups: tuple[str, ...]  # passages of one group say the same

    def labelled(self, vectors: Vectors) -> list[Labelled]:
        return [
            Labelled(
                tuple(map(float, vector)),
                dict(zip(self.taxonomy.ids, map(bool, row), strict=True)),
                group,
            )
            for vector, row, group in zip(vectors, self.belongs, self.groups, strict=True)
        ]


def dev_passages() -> Sample | None:
    """The labelled remarks; None where they are not at hand."""
    path = SHARED / "themes" / "dev_passages.jsonl"
    if not path.exists():
        return None
    held = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    taxonomy = load_taxonomy(packaged_themes())
    belongs = np.array([[theme in each["themes"] for theme in taxonomy.ids] for each in held])
    texts, languages = zip(*((each["text"], each["language"]) for each in held), strict=True)
    return Sample("dev passages", taxonomy, texts, languages, belongs, tuple(map(str, range(len(texts)))))


def topics() -> Sample | None:
    """Sentences of one topic each, in five languages; None where they are not at hand."""
    path = SHARED / "text" / "flores_topics.tsv"
    if not path.exists():
        return None
    themes = [Theme(name.replace("/", "-"), {"en": name}, text) for name, text in TOPICS.items()]
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    pairs = [(row, column) for row in rows for column in CODES]
    belongs = np.array([[row["category"] == name for name in TOPICS] for row, _ in pairs])
    return Sample(
        "SIB-200 topics",
        Taxonomy(tuple(themes)),
        tuple(row[column] for row, column in pairs),
        tuple(CODES[column] for _, column in pairs),
        belongs,
        tuple(row["index_id"] for row, _ in pairs),
    )


def f1(belongs: Assigned, assigned: Assigned) -> tuple[list[float], list[float], list[float]]:
    """Precision, recall and F1 of each theme."""
    figures = precision_recall_fscore_support(belongs, assigned, average=None, zero_division=0)
    precision, recall, both = (each.tolist() for each in figures[:3])
    return precision, recall, both


def figures(sample: Sample, assigned: Assigned) -> dict[str, Any]:
    """All that is told of one way to tag a sample."""
    precision, recall, both = f1(sample.belongs, assigned)
    by_language = {}
    for code in dict.fromkeys(sample.languages):
        rows = np.array([each == code for each in sample.languages])
        by_language[code] = round(float(np.mean(f1(sample.belongs[rows], assigned[rows])[2])), 3)
    return {
        "macro_f1": round(float(np.mean(both)), 3),
        "by_language": by_language,
        "by_theme": {
            theme: [round(each, 3) for each in row]
            for theme, row in zip(sample.taxonomy.ids, zip(precision, recall, both, strict=True), strict=True)
        },
    }


def nearest_description(sample: Sample, vectors: Vectors, embedder: Embedder) -> Assigned:
    """Zero-shot: the theme whose description is nearest, by cosine; every passage gets one."""
    themes = embedder.passages([theme.description for theme in sample.taxonomy.themes])
    return np.asarray(np.eye(len(themes), dtype=bool)[np.argmax(vectors @ themes.T, axis=1)])


def measure(sample: Sample, embedder: Embedder, nli: str = "") -> dict[str, Any]:
    """Every way to tag a sample; with natural language inference where a model is named."""
    vectors = embedder.passages(sample.texts)
    tagger = load_tagger(sample.taxonomy, embedder)
    cold = np.array(
        [[each.assigned for each in tagger.assign(row)] for row in tagger.score_passages(vectors)]
    )
    likeliest = np.eye(cold.shape[1], dtype=bool)[np.argmax(tagger.score_passages(vectors), axis=1)]
    training = Training(
        sample.taxonomy, embedder, sample.labelled(vectors), TrainingOptions(folds=10), TaggerOptions()
    )
    ways = {
        "nearest description": nearest_description(sample, vectors, embedder),
        "cold start": cold,
        "trained, held out": training.held_out(),
    }
    if (sample.belongs.sum(axis=1) == 1).all():
        ways["cold start, likeliest"] = likeliest
    if nli:
        odds = load_entailment(EntailmentOptions(nli), sample.taxonomy).log_odds(sample.texts, vectors)
        ways["entailment"] = odds >= 0
    return {name: figures(sample, assigned) for name, assigned in ways.items()}


def evidence(tagger: Tagger, embedder: Embedder) -> dict[str, Any]:
    """Of passages made of a remark with a theme and one without, how often the right words are marked."""
    right: dict[str, list[bool]] = {}
    for theme, each in enumerate(tagger.taxonomy.themes):
        others = itertools.cycle(tagger.taxonomy.background)
        for number, remark in enumerate(each.examples):
            other = next(other for other in others if other.language == remark.language)
            pair = (other.text, remark.text) if number % 2 else (remark.text, other.text)
            text = f"{pair[0]} {pair[1]}"
            at = text.index(remark.text)
            bounds = clauses(text, remark.language, ClauseOptions())
            vectors = embedder.passages([text[start:end] for start, end in bounds])
            start, end, _ = reason(tagger, theme, text, remark.language, bounds, vectors)
            middle = (start + end) / 2
            right.setdefault(remark.language, []).append(at <= middle < at + len(remark.text))
    return {
        "right": round(float(np.mean(list(itertools.chain(*right.values())))), 3),
        "by_language": {code: round(float(np.mean(found)), 3) for code, found in right.items()},
        "passages": sum(map(len, right.values())),
    }


def speed(tagger: Tagger, embedder: Embedder) -> dict[str, float]:
    """Passages of some 30 words embedded a second, and seconds to tag embedded ones again."""
    texts = dict.fromkeys(" ".join(each.text.split()[:WORDS])[:LETTERS] for each in read_marks())
    some = list(itertools.islice(itertools.cycle(texts), 600))
    embedder.passages(some[:20])
    began, began_cpu = time.perf_counter(), time.process_time()
    vectors = embedder.passages(some)
    embedded, embedded_cpu = time.perf_counter(), time.process_time()
    many = np.resize(vectors, (RETAGGED, vectors.shape[1]))
    for row in tagger.score_passages(many):
        tagger.assign(row)
    return {
        "embedded_per_s": round(len(some) / (embedded - began), 1),
        "processor_ms_each": round(1000 * (embedded_cpu - began_cpu) / len(some), 1),
        "letters_each": round(float(np.mean([len(text) for text in some])), 1),
        f"seconds_for_{RETAGGED}": round(time.perf_counter() - embedded, 2),
    }


def show(document: dict[str, Any], console: Console) -> None:
    for name, ways in document["samples"].items():
        table = Table("way", "macro-F1", "by language", "by theme: precision, recall, F1", title=name)
        for way, found in ways.items():
            languages = "  ".join(f"{code} {value:.2f}" for code, value in found["by_language"].items())
            themes = "\n".join(
                f"{theme} {' '.join(f'{value:.2f}' for value in row)}"
                for theme, row in found["by_theme"].items()
            )
            table.add_row(way, f"{found['macro_f1']:.3f}", languages, themes)
        console.print(table)
    console.print({key: document[key] for key in ("evidence", "marks", "speed") if key in document})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.themes", description="Measure themes.")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    parser.add_argument("--nli", default="", help="a model of natural language inference to compare with")
    options = parser.parse_args()
    embedder = load_embedder(EmbeddingOptions(), silent)
    tagger = load_tagger(load_taxonomy(packaged_themes()), embedder)
    samples = [sample for sample in (dev_passages(), topics()) if sample]
    if not samples:
        Console(stderr=True).print("../shared is not here: evidence and speed alone are measured.")
    document = {
        "made": provenance("benchmarks.themes"),
        "speed": speed(tagger, embedder),
        "evidence": evidence(tagger, embedder),
        "marks": marks_figures(tagger),
        "samples": {sample.name: measure(sample, embedder, options.nli) for sample in samples},
    }
    if options.out:
        options.out.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    show(document, Console(width=160, highlight=False))


if __name__ == "__main__":
    main()
