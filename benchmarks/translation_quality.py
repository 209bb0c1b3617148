"""The quality estimate: what it foresees of sentences, and its weights, fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from ruamel.yaml import YAML
from sacrebleu.metrics.chrf import CHRF
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.translation_inputs import Sentences
from nlp.decoding import Engine
from nlp.embeddings import Embedder
from nlp.quality import ANY, FEATURES, WEIGHTS, Estimator, Features
from nlp.units import units_of

FOLDS = 10
FLAGGED = 0.15  # of all sentences: the weakest are doubted
WORST, BEST = 0.1, 0.5


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What was expected of a sentence (0..1), whether it was flagged, and its chrF (0..100)."""

    language: str
    quality: float
    flagged: bool
    chrf: float


def foreseen(judged: Sequence[Foreseen]) -> dict[str, dict[str, float]]:
    """By language: correlation with chrF, and the flagged share of the worst tenth and the best half."""
    return {
        code: _figures([each for each in judged if each.language == code])
        for code in dict.fromkeys(each.language for each in judged)
    }


def _figures(judged: Sequence[Foreseen]) -> dict[str, float]:
    ranked = sorted(judged, key=lambda each: each.chrf)
    worst = ranked[: max(1, round(WORST * len(ranked)))]
    best = ranked[len(ranked) - round(BEST * len(ranked)) :]
    r = np.corrcoef([each.quality for each in judged], [each.chrf for each in judged])[0, 1]
    return {
        "correlation": round(float(r), 2),
        "flagged_of_worst_tenth": round(float(np.mean([each.flagged for each in worst])), 2),
        "flagged_of_best_half": round(float(np.mean([each.flagged for each in best])), 2),
        "flagged": round(float(np.mean([each.flagged for each in judged])), 2),
    }


def fitted(samples: Sequence[Sentences], engine: Engine, embedder: Embedder, target: str) -> dict[str, Any]:
    """Write new weights into the packaged file; figures of sentences that they were not fitted on."""
    path = Path(str(files("configs") / WEIGHTS))
    yaml = YAML()
    held = yaml.load(path.read_text(encoding="utf-8"))
    rows, figures = {}, []
    cases = _cases(samples, engine, Estimator({}, embedder), target)
    for code in dict.fromkeys(case.language for case in cases):
        own = [case for case in cases if case.language == code]
        figures += _held_out(own)
        rows[code] = _row(own)
    rows[ANY] = _row(cases)
    held["kinds"]["few-shot"] = rows
    with path.open("w", encoding="utf-8") as written:
        yaml.dump(held, written)
    return foreseen(figures)


@dataclass(frozen=True, slots=True)
class _Case:
    """A sentence with what is known of its candidates, and the chrF/100 of each."""

    language: str
    row: int
    features: Features
    chrf: NDArray[np.float64]  # shape (candidates,)


def _cases(samples: Sequence[Sentences], engine: Engine, estimator: Estimator, target: str) -> list[_Case]:
    """Sentences that are decoded as one unit: the others would be judged in parts."""
    chrf, found = CHRF(), []
    for sample in track(samples, "Decoding ..."):
        code = sample.language
        pairs = [
            (row, units[0], right)
            for row, (source, right) in enumerate(zip(sample.sources, sample.references, strict=True))
            if len(units := units_of(source, code)) == 1
        ]
        decoded = engine.decode([unit for _, unit, _ in pairs], code, target, 0)
        for (row, unit, right), candidates in zip(pairs, decoded, strict=True):
            texts = [(each.text, each.score) for each in candidates]
            scores = [chrf.sentence_score(text, [right]).score / 100 for text, _ in texts]
            found.append(_Case(code, row, estimator.features(unit, texts, code, target), np.array(scores)))
    return found


def _model(cases: Sequence[_Case]) -> Pipeline:
    model = make_pipeline(StandardScaler(), RidgeCV(alphas=np.logspace(-1, 3, 13)))
    features = np.concatenate([case.features for case in cases])
    return model.fit(features, np.concatenate([case.chrf for case in cases]))


def _held_out(cases: Sequence[_Case]) -> list[Foreseen]:
    """What models fitted on the other folds foresee, and doubt, of the candidate that they choose."""
    found = []
    for training, testing in GroupKFold(FOLDS).split(cases, groups=[case.row for case in cases]):
        known = [cases[index] for index in training]
        model = _model(known)
        below = _doubtful_below(model, known)
        for index in testing:
            case = cases[index]
            expected = model.predict(case.features)
            best = int(np.argmax(expected))
            doubted = bool(expected[best] < below)
            found.append(Foreseen(case.language, float(expected[best]), doubted, 100 * case.chrf[best]))
    return found


def _doubtful_below(model: Pipeline, cases: Sequence[_Case]) -> float:
    """What is expected of the best candidates of the weakest sentences."""
    return float(np.quantile([model.predict(case.features).max() for case in cases], FLAGGED))


def _row(cases: Sequence[_Case]) -> dict[str, Any]:
    """Weights as the file has them: for features as they are, not scaled."""
    model = _model(cases)
    scale, ridge = model[0], model[1]
    weights = ridge.coef_ / scale.scale_
    base = ridge.intercept_ - float(scale.mean_ @ weights)
    return {
        "base": round(float(base), 4),
        "weights": {name: round(float(each), 4) for name, each in zip(FEATURES, weights, strict=True)},
        "doubtful_below": round(_doubtful_below(model, cases), 4),
    }
