"""Learning themes from passages that people labelled, and telling whether it helped.

The taxonomy's remarks stay in the fit, so a theme with few labels is hardly worse than before.
What is reported was measured on passages that were held out of the fit and of the choice of
thresholds alike (nested cross-validation).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from nlp.embeddings import Embedder
from nlp.taxonomy import Taxonomy
from nlp.themes import (
    Examples,
    Scorer,
    Scores,
    Tagger,
    TaggerOptions,
    cold_start,
    fitted,
    labels_of,
    remarks_of,
)
from transcripts.errors import ConfigurationError

THRESHOLDS = np.round(np.arange(0.3, 0.71, 0.05), 2)  # tried; further out, few labels deceive


@dataclass(frozen=True, slots=True)
class Labelled:
    """An embedded passage, and whether it belongs to each theme that somebody judged.

    Passages of one `group` say the same, as translations do: they are held out together.
    """

    vector: Sequence[float]
    themes: Mapping[str, bool]
    group: str = ""


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How labels are learned from. Set once and not fitted to any passages."""

    weight: float = 2.0  # of a passage, in remarks of the taxonomy
    folds: int = 5
    least: int = 10  # passages; with fewer there is nothing to measure by


@dataclass(frozen=True, slots=True)
class ThemeFigures:
    """How often a theme was assigned rightly and wrongly, and missed, on held-out passages."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)


@dataclass(frozen=True, slots=True)
class Report:
    """Figures by theme, of the cold start and of what was trained."""

    passages: int
    before: Mapping[str, ThemeFigures]
    after: Mapping[str, ThemeFigures]

    @staticmethod
    def macro_f1(figures: Mapping[str, ThemeFigures]) -> float:
        """The mean of the themes' F1."""
        return float(np.mean([each.f1 for each in figures.values()]))


class Training:
    """The labels as arrays: vectors (n, dim), belongs and known (n, themes)."""

    def __init__(
        self,
        taxonomy: Taxonomy,
        embedder: Embedder,
        labelled: Sequence[Labelled],
        options: TrainingOptions,
        tagging: TaggerOptions,
    ) -> None:
        """Raises ConfigurationError where there are too few labels to learn from."""
        if len(labelled) < options.least:
            raise ConfigurationError(
                f"there are {len(labelled)} labelled passages: the tagger learns from {options.least} or "
                "more. Confirm or reject themes of some more passages (symposia themes confirm, reject)."
            )
        self._taxonomy, self._embedder = taxonomy, embedder
        self._options, self._tagging = options, tagging
        texts, self._remarks_belong = remarks_of(taxonomy)
        self._remarks = embedder.passages(texts)
        self._vectors = np.array([each.vector for each in labelled], dtype=np.float32)
        self._belongs = np.zeros((len(labelled), len(taxonomy.themes)), dtype=bool)
        self._known = np.zeros(self._belongs.shape, dtype=bool)
        names = [each.group or f"alone {number}" for number, each in enumerate(labelled)]
        self._groups = np.unique(names, return_inverse=True)[1]
        for row, each in enumerate(labelled):
            for column, belongs in labels_of(taxonomy, each.themes):
                self._belongs[row, column], self._known[row, column] = belongs, True

    def learn(self) -> tuple[Scorer, Report]:
        """A scorer of all labels, and how much better it is than none on held-out ones."""
        rows = np.arange(len(self._vectors))
        before = cold_start(self._taxonomy, self._embedder, self._tagging)
        report = Report(
            len(rows),
            self.figures(rows, self._assigned(before, rows)),
            self.figures(rows, self.held_out()),
        )
        return replace(self._learned(rows), passages=len(rows)), report

    def held_out(self) -> npt.NDArray[np.bool_]:
        """Which themes each passage is assigned by a scorer that has not seen it, shape (n, themes)."""
        rows = np.arange(len(self._vectors))
        assigned = np.zeros(self._belongs.shape, dtype=bool)
        for kept, left in self._folds(rows):
            assigned[left] = self._assigned(self._learned(rows[kept]), rows[left])
        return assigned

    def figures(self, rows: npt.NDArray[np.intp], assigned: npt.NDArray[np.bool_]) -> dict[str, ThemeFigures]:
        """What was assigned against what people said, by theme."""
        known, belongs = self._known[rows], self._belongs[rows]
        return {
            theme: ThemeFigures(
                right=int((known & belongs & assigned)[:, column].sum()),
                wrong=int((known & ~belongs & assigned)[:, column].sum()),
                missed=int((known & belongs & ~assigned)[:, column].sum()),
            )
            for column, theme in enumerate(self._taxonomy.ids)
        }

    def _learned(self, rows: npt.NDArray[np.intp]) -> Scorer:
        """Fitted to some passages, with the thresholds that were best on each part of them left out."""
        from sklearn.metrics import f1_score

        scores = self._scores_out_of_fold(rows)
        thresholds = []
        for column in range(len(self._taxonomy.themes)):
            known = self._known[rows, column]
            belongs = self._belongs[rows, column][known]
            if not belongs.any():
                thresholds.append(self._tagging.threshold)
                continue
            f1 = [f1_score(belongs, scores[known, column] >= each) for each in THRESHOLDS]
            best = THRESHOLDS[np.flatnonzero(np.array(f1) >= max(f1) - 1e-9)]
            # of equally good ones, the nearest to what is right without any labels
            thresholds.append(float(best[np.argmin(np.abs(best - self._tagging.threshold))]))
        return self._fitted(rows, thresholds)

    def _fitted(self, rows: npt.NDArray[np.intp], thresholds: Sequence[float]) -> Scorer:
        known = np.concatenate(
            [np.ones(self._remarks_belong.shape), self._options.weight * self._known[rows]]
        )
        examples = Examples(
            np.concatenate([self._remarks, self._vectors[rows]]),
            np.concatenate([self._remarks_belong, self._belongs[rows]]),
            known,
        )
        return fitted(self._taxonomy, self._embedder.signature, examples, self._tagging.fit, thresholds)

    def _scores_out_of_fold(self, rows: npt.NDArray[np.intp]) -> Scores:
        scores = np.zeros((len(rows), len(self._taxonomy.themes)))
        plain = [self._tagging.threshold] * len(self._taxonomy.themes)
        for kept, left in self._folds(rows):
            scores[left] = self._tagger(self._fitted(rows[kept], plain)).score_passages(
                self._vectors[rows[left]]
            )
        return scores

    def _folds(
        self, rows: npt.NDArray[np.intp]
    ) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        from sklearn.model_selection import GroupKFold

        folds = GroupKFold(self._options.folds, shuffle=True, random_state=0)
        return iter(folds.split(rows, groups=self._groups[rows]))

    def _assigned(self, scorer: Scorer, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        scores = self._tagger(scorer).score_passages(self._vectors[rows])
        return np.asarray(scores >= np.array(scorer.thresholds))

    def _tagger(self, scorer: Scorer) -> Tagger:
        return Tagger(self._taxonomy, self._embedder, self._tagging, scorer)


def read_scorer(path: Path) -> Scorer | None:
    """What a file of `scorer_text` holds; None where there is no file.

    Raises ConfigurationError for a file that is not whole.
    """
    try:
        return TypeAdapter(Scorer).validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error}): remove it, or run 'symposia themes train' again."
        ) from error


def scorer_text(scorer: Scorer) -> str:
    """What was learned, as JSON for a file."""
    return json.dumps(asdict(scorer)) + "\n"


def train(
    taxonomy: Taxonomy,
    embedder: Embedder,
    labelled: Sequence[Labelled],
    options: TrainingOptions | None = None,
    tagging: TaggerOptions | None = None,
) -> tuple[Scorer, Report]:
    """A scorer that has learned from labelled passages, and its report. Raises ConfigurationError."""
    chosen = options or TrainingOptions()
    return Training(taxonomy, embedder, labelled, chosen, tagging or TaggerOptions()).learn()
