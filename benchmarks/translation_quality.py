"""The quality estimate: what it foresees of sentences, and how it is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from sacrebleu.metrics.chrf import CHRF
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from benchmarks.translation_inputs import Sentences
from nlp.decoding import Candidate, Engine
from nlp.doubts import doubts
from nlp.embeddings import Embedder
from nlp.quality import FITTED, FITTED_TARGET, NAMES, Estimator, Features, Fitted, with_language
from nlp.units import units_of

FOLDS = 10
DOUBTED_OF_BEST = 0.085  # of those that thresholds are chosen on, so that of others it is a tenth at most
SLACK, GAMMA, MARGIN = 2.0, 0.001, 0.1  # of five the best for sentences held out
STRENGTHS = np.logspace(0, 5, 11)  # of the ridge regression: the best for sentences left out is taken
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


def fitted(samples: Sequence[Sentences], engine: Engine, embedder: Embedder) -> dict[str, Any]:
    """Write a new estimate into the packaged file; figures of sentences that it was not fitted on."""
    return _written(_cases(samples, engine, Estimator(embedder, None)))


def _written(cases: Sequence[_Case]) -> dict[str, Any]:
    languages = tuple(dict.fromkeys(case.language for case in cases))
    figures = _held_out(cases, languages)
    below = [_doubtful_below([each for each in figures if each.language == code]) for code in languages]
    found = replace(_fitted_to(cases, languages), doubtful_below=np.array([*below, _doubtful_below(figures)]))
    np.savez_compressed(
        Path(str(files("configs") / FITTED)),
        features=np.array(found.features),
        languages=np.array(found.languages),
        mean=found.mean,
        scale=found.scale,
        vectors=found.vectors.astype(np.float32),
        weights=found.weights,
        base=found.base,
        gamma=found.gamma,
        doubtful_below=found.doubtful_below,
        preferring=found.preferring,
    )
    return foreseen(_doubted(cases, figures))


@dataclass(frozen=True, slots=True)
class _Case:
    """A sentence with what is known of its candidates, and the chrF/100 of each.

    `doubts` tells how many things look wrong with each, as nlp.translation counts them.
    """

    language: str
    row: str
    known: Features
    chrf: NDArray[np.float64]  # shape (candidates,)
    doubts: tuple[int, ...]


def _cases(samples: Sequence[Sentences], engine: Engine, estimator: Estimator) -> list[_Case]:
    """Sentences that are decoded as one unit: the others would be judged in parts."""
    found = []
    for sample in track(samples, "Decoding ..."):
        code = sample.language
        pairs = [
            (f"{sample.name} {row}", units[0], right)
            for row, (source, right) in enumerate(zip(sample.sources, sample.references, strict=True))
            if len(units := units_of(source, code)) == 1
        ]
        decoded = engine.decode([unit for _, unit, _ in pairs], code, FITTED_TARGET, 0)
        for (row, unit, right), candidates in zip(pairs, decoded, strict=True):
            found.append(_case(code, row, unit, right, candidates, estimator))
    return found


def _case(
    code: str,
    row: str,
    unit: str,
    right: str,
    candidates: Sequence[Candidate],
    estimator: Estimator,
) -> _Case:
    chrf, texts = CHRF(), [(each.text, each.score) for each in candidates]
    return _Case(
        code,
        row,
        estimator.features(unit, texts, code),
        np.array([chrf.sentence_score(text, [right]).score / 100 for text, _ in texts]),
        tuple(len(each.doubts + doubts(unit, each.text, code, FITTED_TARGET)) for each in candidates),
    )


def _fitted_to(cases: Sequence[_Case], languages: Sequence[str]) -> Fitted:
    """What nlp.quality expects and prefers by, without the thresholds."""
    right = np.concatenate([each.chrf for each in cases])
    known = np.concatenate([with_language(each.known, each.language, languages) for each in cases])
    regression = make_pipeline(StandardScaler(), SVR(C=SLACK, gamma=GAMMA, epsilon=MARGIN))
    scaled, machine = regression.fit(known, right)
    differences = np.concatenate([each.known - each.known.mean(axis=0) for each in cases])
    spread = np.maximum(differences.std(axis=0), 1e-9)
    ridge = RidgeCV(STRENGTHS, fit_intercept=False).fit(
        differences / spread, np.concatenate([each.chrf - each.chrf.mean() for each in cases])
    )
    return Fitted(
        NAMES,
        tuple(languages),
        scaled.mean_,
        scaled.scale_,
        machine.support_vectors_,
        machine.dual_coef_[0],
        float(machine.intercept_[0]),
        GAMMA,
        np.zeros(len(languages) + 1),
        ridge.coef_ / spread,
    )


def _held_out(cases: Sequence[_Case], languages: Sequence[str]) -> list[Foreseen]:
    """What models fitted on the other folds foresee of the candidate that is chosen with them.

    It is chosen, and flagged for what looks wrong with it, as nlp.translation does, but without the ways that
    are only for what looks wrong. A sentence is in the same fold in every language.
    """
    found: dict[int, Foreseen] = {}
    for training, testing in GroupKFold(FOLDS).split(cases, groups=[case.row for case in cases]):
        model = _fitted_to([cases[index] for index in training], languages)
        for index in testing:
            one = cases[index]
            expected, preferred = model.expected(one.known, one.language), model.preferences(one.known)
            best = max(range(len(expected)), key=lambda at: (-one.doubts[at], preferred[at]))
            found[index] = Foreseen(
                one.language, float(expected[best]), bool(one.doubts[best]), 100 * one.chrf[best]
            )
    return [found[index] for index in range(len(cases))]


def _doubted(cases: Sequence[_Case], figures: Sequence[Foreseen]) -> list[Foreseen]:
    """What is also doubted by the thresholds that come from the other folds, in each language."""
    found = list(figures)
    for training, testing in GroupKFold(FOLDS).split(cases, groups=[case.row for case in cases]):
        for index in testing:
            one = figures[index]
            below = _doubtful_below([figures[at] for at in training if figures[at].language == one.language])
            found[index] = replace(one, flagged=one.flagged or one.quality < below)
    return found


def _doubtful_below(judged: Sequence[Foreseen]) -> float:
    """So that of the better half no more than DOUBTED_OF_BEST are flagged, for whatever reason."""
    ranked = sorted(judged, key=lambda each: each.chrf)
    better = ranked[len(ranked) - round(BEST * len(ranked)) :]
    others = [each.quality for each in better if not each.flagged]
    room = DOUBTED_OF_BEST * len(better) - (len(better) - len(others))
    return float(np.quantile(others, max(0.0, room / len(others)))) if others else 0.0
