"""Translation: how near to what people wrote, how well its quality is foreseen, how fast.

    make bench-translation
    python -m benchmarks.translation --rows 40 --out translation.json
    python -m benchmarks.translation --fit      # fit configs/translation_quality.npz anew, on all of them

The embedded translator on the sentences in ../shared/text, against the published weights shown the
first three examples and decoded by a beam of 4, without anything else. chrF and BLEU are
sacrebleu's. Speed is that of a sequence-to-sequence model of the shape of M2M100-418M with random
weights, against transformers' `generate` (`benchmarks/translation_speed.py`). The figures of the
quality estimate hold for what it was fitted on unless they come from --fit, which fits on nine
tenths of the sentences and foresees the rest. So does, a little, chrF: of several candidates the one is
taken that is preferred by what was fitted.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from benchmarks.provenance import provenance
from benchmarks.translation_inputs import Sentences, glossary, sentences
from benchmarks.translation_quality import Foreseen, fitted, foreseen
from benchmarks.translation_speed import compared
from nlp.decoding import TranslationOptions
from nlp.embeddings import Embedder, EmbeddingOptions, load_embedder
from nlp.fewshot import FewShot, examples
from nlp.quality import load_estimator
from nlp.terms import Terms
from nlp.translation import NO_GUIDANCE, GuardedTranslator, Guidance
from nlp.units import plain_text
from nlp.weights import silent

TARGET = "en"
ROWS = 60  # of each set and language, unless told otherwise: a quarter of an hour


@dataclass(frozen=True, slots=True)
class Systems:
    """The translator as it is, and the published weights without anything."""

    ours: GuardedTranslator
    plain: FewShot
    engine: FewShot
    embedder: Embedder

    def by_beam(self, texts: Sequence[str], code: str) -> list[str]:
        """What the most plain way of asking gives, on whole sentences."""
        decoded = self.plain.decode([plain_text(text) for text in texts], code, TARGET, 0)
        return [candidates[0].text for candidates in decoded]


def load() -> Systems:
    embedder = load_embedder(EmbeddingOptions(), silent)
    options = TranslationOptions()
    shown = replace(examples(), prompts=((0, 1, 2),), again=())
    engine = FewShot(options, silent)
    engine.check("es", TARGET)  # loads what learned English, before anything is timed
    ours = GuardedTranslator(engine, load_estimator(options.kind, embedder))
    return Systems(ours, FewShot(replace(options, beam_size=4), silent, shown), engine, embedder)


def measure(sample: Sentences, systems: Systems) -> tuple[dict[str, Any], list[Foreseen]]:
    """Figures of one set in one language, and what was foreseen of each sentence."""
    began = time.perf_counter()
    found = systems.ours.translate(sample.sources, sample.language, TARGET)
    ours_s = time.perf_counter() - began
    began = time.perf_counter()
    plain = systems.by_beam(sample.sources, sample.language)
    plain_s = time.perf_counter() - began
    texts = [each.text for each in found]
    chrf, bleu = CHRF(), BLEU(effective_order=True)
    judged = [
        Foreseen(sample.language, each.quality, bool(each.flags), chrf.sentence_score(text, [right]).score)
        for each, text, right in zip(found, texts, sample.references, strict=True)
    ]
    figures = {
        "chrf": round(chrf.corpus_score(texts, [sample.references]).score, 1),
        "chrf_plain": round(chrf.corpus_score(plain, [sample.references]).score, 1),
        "bleu": round(bleu.corpus_score(texts, [sample.references]).score, 1),
        "bleu_plain": round(bleu.corpus_score(plain, [sample.references]).score, 1),
        "sentences_a_second": round(len(texts) / ours_s, 2),
        "sentences_a_second_plain": round(len(texts) / plain_s, 2),
        "empty": sum(not text for text in texts),
    }
    return figures, judged


def adherence(samples: Sequence[Sentences], systems: Systems, terms: Terms) -> dict[str, Any]:
    """How many names of the glossary come out in their form: without it, mended only, and with all."""
    wanted = {"without": 0, "mended": 0, "mended and put in": 0}
    count = 0
    for sample in samples:
        pairs = [(text, terms.wanted(text, sample.language, TARGET)) for text in sample.sources]
        chosen = [(text, names) for text, names in pairs if names]
        texts = [text for text, _ in chosen]
        plain = systems.ours.translate(texts, sample.language, TARGET, NO_GUIDANCE)
        helped = systems.ours.translate(texts, sample.language, TARGET, Guidance(terms))
        for (_, names), before, after in zip(chosen, plain, helped, strict=True):
            count += len(names)
            missing = terms.missing(before.text, names, TARGET)
            mended = terms.mended(before.text, names, TARGET)
            wanted["without"] += len(names) - len(missing)
            wanted["mended"] += len(names) - len(terms.missing(mended, names, TARGET))
            wanted["mended and put in"] += len(names) - len(terms.missing(after.text, names, TARGET))
    return {"names": count, **{way: round(right / max(1, count), 3) for way, right in wanted.items()}}


def show(document: dict[str, Any], console: Console) -> None:
    table = Table(
        "set", "language", "chrF", "plain", "BLEU", "plain", "sentences/s", "plain", title="embedded"
    )
    for row in document.get("text", ()):
        table.add_row(
            row["set"],
            row["language"],
            *(str(row[key]) for key in ("chrf", "chrf_plain", "bleu", "bleu_plain")),
            *(str(row[key]) for key in ("sentences_a_second", "sentences_a_second_plain")),
        )
    if table.rows:
        console.print(table)
    for name in ("quality", "quality_of_held_out", "adherence", "seq2seq", "memory_mb", "signatures"):
        if name in document:
            console.print({name: document[name]})


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.translation", description="Measure translation."
    )
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    parser.add_argument("--rows", type=int, default=ROWS, help="sentences of each set and language (0: all)")
    parser.add_argument("--only", choices=("text", "glossary", "speed"), help="measure one part alone")
    parser.add_argument("--fit", action="store_true", help="fit the quality estimate and write its weights")
    options = parser.parse_args()
    if options.fit and options.only:
        parser.error("--fit takes all sentences and measures them after: leave --only out")
    document: dict[str, Any] = {"made": provenance("benchmarks.translation")}
    samples = sentences(None if options.fit else options.rows or None)
    if not samples and (options.fit or options.only in ("text", "glossary")):
        parser.error("../shared/text is not here: only speed can be measured without it (--only speed)")
    if not samples and options.only != "speed":
        Console(stderr=True).print("../shared/text is not here: speed alone is measured.")
    if samples and options.only in (None, "text", "glossary"):
        systems = load()
        if options.fit:
            document["quality_of_held_out"] = fitted(samples, systems.engine, systems.embedder)
            systems = load()
        if options.only != "glossary":
            document |= _text(samples, systems)
        if options.only != "text":
            document["adherence"] = adherence(samples, systems, glossary())
    if options.only in (None, "speed"):
        document["seq2seq"] = compared()
    if options.out:
        options.out.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    show(document, Console(width=160, highlight=False))


def _text(samples: Sequence[Sentences], systems: Systems) -> dict[str, Any]:
    rows, judged = [], []
    for sample in track(samples, "Translating ...", console=Console(stderr=True)):
        figures, found = measure(sample, systems)
        rows.append({"set": sample.name, "language": sample.language, **figures})
        judged += found
    chrf, bleu = CHRF(), BLEU(effective_order=True)
    chrf.corpus_score(["a"], [["a"]])
    bleu.corpus_score(["a"], [["a"]])
    return {
        "text": rows,
        "quality": foreseen(judged),
        "memory_mb": round(psutil.Process().memory_info().rss / 1e6),
        "signatures": [str(chrf.get_signature()), str(bleu.get_signature())],
    }


if __name__ == "__main__":
    main()
