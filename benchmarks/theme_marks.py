"""The words that carry a theme: what people marked against what is found, by several ways of finding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from flows.yamlfile import configs_dir, read_yaml
from nlp.clauses import ClauseOptions, clauses
from nlp.theme_evidence import Bounds, reason
from nlp.themes import Tagger

MARKS = Path(__file__).parent / "data" / "theme_evidence.yaml"

Span = tuple[int, int]
Way = Callable[[Tagger, int, "Marked", Bounds], Span]


@dataclass(frozen=True, slots=True)
class Marked:
    """A remark with the characters that carry one theme, as somebody marked them."""

    text: str
    language: str
    theme: str
    spans: tuple[Span, ...]


def read_marks(path: Path = MARKS) -> list[Marked]:
    """The marks of the file. Raises ValueError for words that are not in their remark."""
    panels = read_yaml(configs_dir() / "demo" / "script.yaml").data["panels"]
    turns = {panel["id"]: panel["turns"] for panel in panels}
    found = []
    for each in read_yaml(path).data["remarks"]:
        panel, number = each.get("turn", (None, 0))
        said = turns[panel][number] if panel else each
        text = " ".join(said["text"].split())
        for theme, marks in each["marks"].items():
            spans = tuple((text.index(words), text.index(words) + len(words)) for words in marks)
            found.append(Marked(text, said["language"], theme, spans))
    return found


def agreement(marked: Marked, found: Span) -> tuple[float, bool]:
    """F1 over letters and digits, and whether at least half of what was found is marked."""
    letters = np.array([letter.isalnum() for letter in marked.text])
    theirs = _covered(marked.text, marked.spans) & letters
    ours = _covered(marked.text, [found]) & letters
    both = int((theirs & ours).sum())
    return 2 * both / max(1, int(theirs.sum() + ours.sum())), 2 * both >= int(ours.sum())


def _covered(text: str, spans: Sequence[Span]) -> npt.NDArray[np.bool_]:
    covered = np.zeros(len(text), dtype=bool)
    for start, end in spans:
        covered[start:end] = True
    return covered


def _found(tagger: Tagger, theme: int, marked: Marked, bounds: Bounds) -> Span:
    vectors = tagger.embedded([marked.text[start:end] for start, end in bounds])
    start, end, _ = reason(tagger, theme, marked.text, marked.language, bounds, vectors)
    return start, end


def _likest(tagger: Tagger, theme: int, marked: Marked, bounds: Bounds) -> Span:
    return bounds[int(np.argmax(_odds(tagger, theme, [marked.text[start:end] for start, end in bounds])))]


def _missed(tagger: Tagger, theme: int, marked: Marked, bounds: Bounds) -> Span:
    """Occlusion: the clause without which the rest speaks least."""
    left = [marked.text[:start] + marked.text[end:] for start, end in bounds]
    return bounds[int(np.argmin(_odds(tagger, theme, left)))]


def _best_run(tagger: Tagger, theme: int, marked: Marked, bounds: Bounds) -> Span:
    runs = [
        (bounds[first][0], bounds[last][1])
        for first in range(len(bounds))
        for last in range(first, min(len(bounds), first + 3))
    ]
    return runs[int(np.argmax(_odds(tagger, theme, [marked.text[start:end] for start, end in runs])))]


def _odds(tagger: Tagger, theme: int, texts: Sequence[str]) -> npt.NDArray[np.float64]:
    return tagger.log_odds(texts, tagger.embedded(texts))[:, theme]


WAYS: dict[str, Way] = {
    "as kept": _found,
    "likest clause": _likest,
    "clause missed most": _missed,
    "best run of 1 to 3 clauses": _best_run,
    "whole remark": lambda tagger, theme, marked, bounds: (0, len(marked.text)),
}


def marks_figures(tagger: Tagger) -> dict[str, Any]:
    """F1 and hits of each way; `marks` counts pairs of a remark and a theme."""
    marks = read_marks()
    figures: dict[str, Any] = {"marks": len(marks), "remarks": len({each.text for each in marks})}
    for name, way in WAYS.items():
        scores = []
        for each in marks:
            bounds = clauses(each.text, each.language, ClauseOptions())
            scores.append(agreement(each, way(tagger, tagger.taxonomy.ids.index(each.theme), each, bounds)))
        by_language: dict[str, list[float]] = {}
        for each, (f1, _) in zip(marks, scores, strict=True):
            by_language.setdefault(each.language, []).append(f1)
        figures[name] = {
            "f1": round(float(np.mean([f1 for f1, _ in scores])), 3),
            "hits": round(float(np.mean([hit for _, hit in scores])), 3),
            "f1_by_language": {code: round(float(np.mean(f1)), 2) for code, f1 in by_language.items()},
        }
    return figures
