"""Themes of passages: how well each fits, by the meaning of the passage, and what speaks for it.

Cold start: a logistic regression for each theme tells its examples from all other
remarks of the taxonomy (other themes, counter-examples, background), on embeddings less
their mean. Raw cosines of E5 all lie between 0.75 and 0.89; contrasted so, they
become probabilities, and 0.5 is the threshold without any fitting to real passages.
Where people have labelled passages, `nlp.theme_training` fits on those as well.

`Tagger` works on embeddings that are already there; `nlp.theme_evidence` says why, `nlp.entailment`
is another judge, and `nlp.theme_component` is the same tagger for anyone's spaCy pipeline.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from nlp.embeddings import Embedder, Vectors
from nlp.taxonomy import Taxonomy
from transcripts.errors import ConfigurationError
from transcripts.records import Signature, digest_of

Scores = npt.NDArray[np.float64]  # shape (passages, themes), 0..1

# Of a theme with no examples: how far towards its description a passage must lie, and how soon belief rises
# there. Best for SIB-200 topics is 0.25 (macro-F1 0.71; 0.62 at 0.2), for the packaged themes 0.1.
DESCRIBED_WAY, DESCRIBED_STEEPNESS = 0.2, 11.0
DECIMALS = 4  # of a score: what is left is noise between machines


@dataclass(frozen=True, slots=True)
class TaggerOptions:
    """How themes are scored."""

    threshold: float = 0.5  # a theme is assigned from this probability on
    # Inverse weight of the penalty in scikit-learn's LogisticRegression. Ten-fold cross-validation on the
    # packaged remarks gives a macro-F1 of 0.88 at 3, 0.90 at 10, 0.92 at 30 and 0.91 at 100.
    fit: float = 20.0

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold < 1.0 or self.fit <= 0.0:
            raise ConfigurationError(
                f"tagger options threshold={self.threshold} and fit={self.fit} are out of range: use a "
                "threshold between 0 and 1 and a fit above 0."
            )


@dataclass(frozen=True, slots=True)
class Scorer:
    """What was learned: a plane in the space of an encoder for each theme, and where it is crossed.

    `taxonomy` and `embedding` are the digests of what it was learned from; `passages` counts
    those that people labelled (0: cold start).
    """

    taxonomy: str
    embedding: str
    mean: tuple[float, ...]  # shape (dim,)
    weights: tuple[tuple[float, ...], ...]  # shape (themes, dim)
    biases: tuple[float, ...]  # shape (themes,)
    thresholds: tuple[float, ...]  # shape (themes,)
    passages: int = 0

    @property
    def digest(self) -> str:
        return digest_of(asdict(self))


class ThemeScore(NamedTuple):
    """How well a theme fits a text, 0..1, and whether it is assigned."""

    theme_id: str
    score: float
    assigned: bool


class Judge(Protocol):
    """What tells how much texts speak for themes: planes in the space of an encoder, or another model."""

    def log_odds(self, texts: Sequence[str], vectors: Vectors) -> Scores:
        """Log-odds of each theme, shape (n, themes), of texts and their vectors, shape (n, dim)."""
        ...


class Planes:
    """A judge that knows meaning by its vector alone."""

    def __init__(self, scorer: Scorer) -> None:
        self._mean = np.array(scorer.mean, dtype=np.float32)
        self._weights = np.array(scorer.weights)
        self._biases = np.array(scorer.biases)

    def log_odds(self, texts: Sequence[str], vectors: Vectors) -> Scores:
        apart = np.asarray(vectors, dtype=np.float64).reshape(-1, len(self._mean)) - self._mean
        return np.asarray(apart @ self._weights.T + self._biases)


class Tagger:
    """A taxonomy, learned in the space of one embedder, and a judge."""

    def __init__(
        self,
        taxonomy: Taxonomy,
        embedder: Embedder,
        options: TaggerOptions,
        trained: Scorer | None = None,
        judge: tuple[Judge, Signature] | None = None,
    ) -> None:
        """Take what was trained, or learn from the taxonomy's remarks alone.

        Another judge than what was learned comes with the signature that the tagger then has.
        Raises ConfigurationError for a scorer of another taxonomy or encoder.
        """
        self.taxonomy = taxonomy
        self._embedder = embedder
        if trained and (trained.taxonomy, trained.embedding) != (taxonomy.digest, embedder.signature.digest):
            raise ConfigurationError(
                "the themes or the encoder have changed since the tagger was trained: run "
                "'symposia themes train' again."
            )
        self.scorer = trained or cold_start(taxonomy, embedder, options)
        self._mean = np.array(self.scorer.mean, dtype=np.float32)
        own = tagger_signature(taxonomy, embedder.signature, options, trained)
        self._judge, self.signature = judge or (Planes(self.scorer), own)

    def log_odds(self, texts: Sequence[str], vectors: Vectors) -> Scores:
        """How much texts with these vectors speak for each theme, shape (n, themes)."""
        return self._judge.log_odds(texts, vectors)

    def score_passages(self, vectors: Vectors, texts: Sequence[str] = ()) -> Scores:
        """Probability of each theme for embedded passages: (n, dim) in, (n, themes) out.

        Judges that read need their texts as well.
        """
        from scipy.special import expit

        return np.asarray(np.round(expit(self.log_odds(texts, vectors)), DECIMALS))

    def score_texts(self, texts: Sequence[str]) -> list[tuple[ThemeScore, ...]]:
        """Every theme's score for each text; a blank text fits none."""
        scores = self.score_passages(self._embedder.passages(texts), texts)
        blank = np.array([not text.strip() for text in texts], dtype=bool)
        scores[blank] = 0.0
        return [self.assign(row) for row in scores]

    def embedded(self, texts: Sequence[str]) -> Vectors:
        """Texts in the space of the tagger's encoder, shape (n, dim)."""
        return self._embedder.passages(texts)

    def assign(self, scores: Iterable[float]) -> tuple[ThemeScore, ...]:
        """One passage's scores with the themes they belong to."""
        return tuple(
            ThemeScore(theme_id, float(score), bool(score >= threshold))
            for theme_id, score, threshold in zip(
                self.taxonomy.ids, scores, self.scorer.thresholds, strict=True
            )
        )

    def nearest(self, theme: int, vector: Vectors) -> str:
        """The theme's example that is most like a text, of shape (dim,); its description if it has none."""
        texts, vectors = self._examples[theme]
        return texts[int(np.argmax(vectors @ (vector - self._mean)))]

    @cached_property
    def _examples(self) -> list[tuple[list[str], Vectors]]:
        """Each theme's examples, and their vectors less the mean, of length one."""
        found = []
        for theme in self.taxonomy.themes:
            texts = [each.text for each in theme.examples] or [theme.description]
            apart = self._embedder.passages(texts) - self._mean
            found.append((texts, apart / np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-9)))
        return found


def load_tagger(
    taxonomy: Taxonomy,
    embedder: Embedder,
    options: TaggerOptions | None = None,
    trained: Scorer | None = None,
    judge: tuple[Judge, Signature] | None = None,
) -> Tagger:
    """A tagger for passages that `embedder` has embedded."""
    return Tagger(taxonomy, embedder, options or TaggerOptions(), trained, judge)


def tagger_signature(
    taxonomy: Taxonomy,
    embedding: Signature,
    options: TaggerOptions | None = None,
    trained: Scorer | None = None,
) -> Signature:
    """What the tagger's signature will be, without fitting it."""
    settings = asdict(options or TaggerOptions())
    settings |= {"taxonomy": taxonomy.digest, "embedding": embedding.digest}
    if trained:
        settings |= {"trained": trained.digest, "passages": trained.passages}
        settings |= {"thresholds": dict(zip(taxonomy.ids, trained.thresholds, strict=False))}
    return Signature("nlp.themes", embedding.model, embedding.revision, embedding.licence, settings)


def cold_start(taxonomy: Taxonomy, embedder: Embedder, options: TaggerOptions) -> Scorer:
    """A scorer that knows the taxonomy's remarks and nothing else."""
    texts, belongs = remarks_of(taxonomy)
    examples = Examples(embedder.passages(texts), belongs)
    thresholds = [options.threshold] * len(taxonomy.themes)
    return fitted(taxonomy, embedder.signature, examples, options.fit, thresholds)


@dataclass(frozen=True, slots=True)
class Examples:
    """What is learned from: vectors (n, dim), and the themes that they belong to (n, themes).

    `known` weighs each cell of `belongs` (None: all alike); of weight 0, it is not known.
    """

    vectors: Vectors
    belongs: npt.NDArray[np.bool_]
    known: npt.NDArray[np.float64] | None = None


def fitted(
    taxonomy: Taxonomy, embedding: Signature, examples: Examples, fit: float, thresholds: Sequence[float]
) -> Scorer:
    """The planes that part examples best, by logistic regression."""
    from sklearn.linear_model import LogisticRegression

    mean = examples.vectors.mean(axis=0)
    weights, biases = [], []
    for theme in range(len(taxonomy.themes)):
        cells = examples.known[:, theme] if examples.known is not None else np.ones(len(examples.vectors))
        used = cells > 0
        vectors, belongs = examples.vectors[used], examples.belongs[used, theme]
        if belongs.sum() == 1:
            plane, bias = _described(vectors, belongs, mean)
        else:
            model = LogisticRegression(C=fit, class_weight="balanced", max_iter=1000)
            model.fit(vectors - mean, belongs, sample_weight=cells[used])
            plane, bias = model.coef_[0], float(model.intercept_[0])
        weights.append(tuple(map(float, plane)))
        biases.append(bias)
    return Scorer(
        taxonomy.digest,
        embedding.digest,
        tuple(map(float, mean)),
        tuple(weights),
        tuple(biases),
        tuple(thresholds),
    )


def _described(vectors: Vectors, belongs: npt.NDArray[np.bool_], mean: Vectors) -> tuple[Vectors, float]:
    """The plane of a theme that is known by its description alone.

    Talk of a theme lies but a part of the way from all else to what describes it.
    """
    elsewhere = vectors[~belongs].mean(axis=0)
    way = vectors[belongs][0] - elsewhere
    plane = DESCRIBED_STEEPNESS * way / float(way @ way)
    return plane, -DESCRIBED_STEEPNESS * DESCRIBED_WAY - float((elsewhere - mean) @ plane)


def remarks_of(taxonomy: Taxonomy) -> tuple[list[str], npt.NDArray[np.bool_]]:
    """Every remark once, and the themes it belongs to, shape (remarks, themes)."""
    belongs: dict[str, list[bool]] = {}

    def remark(text: str) -> list[bool]:
        return belongs.setdefault(text, [False] * len(taxonomy.themes))

    for number, theme in enumerate(taxonomy.themes):
        for text in (theme.description, *(example.text for example in theme.examples)):
            remark(text)[number] = True
        for counter in theme.counter_examples:
            remark(counter.text)
    for each in taxonomy.background:
        remark(each.text)
    return list(belongs), np.array(list(belongs.values()), dtype=bool)


def labels_of(taxonomy: Taxonomy, themes: Mapping[str, bool]) -> list[tuple[int, bool]]:
    """What is known of a passage, as columns of the taxonomy; other themes are left out."""
    return [
        (taxonomy.ids.index(theme), belongs) for theme, belongs in themes.items() if theme in taxonomy.ids
    ]
