"""Themes of passages: how well each fits, by the meaning of the passage.

Cold start: a logistic regression for each theme tells its examples from all other
remarks of the taxonomy (other themes, counter-examples, background), on embeddings less
their mean. Raw cosines of E5 all lie between 0.75 and 0.89; contrasted so, they
become probabilities, and 0.5 is the threshold without any fitting to real passages.

`Tagger` works on embeddings that are already there; the spaCy component
`theme_tagger` is the same tagger for anyone's pipeline.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nlp.embeddings import Embedder, EmbeddingOptions, Vectors, load_embedder
from nlp.taxonomy import Taxonomy, load_taxonomy, packaged_themes
from nlp.weights import silent
from transcripts.errors import ConfigurationError
from transcripts.records import Embedding, Signature, ThemeTag

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

Scores = npt.NDArray[np.float64]  # shape (passages, themes), 0..1

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


class ThemeScore(NamedTuple):
    """How well a theme fits a text, 0..1, and whether it is assigned."""

    theme_id: str
    score: float
    assigned: bool


class Tagger:
    """A taxonomy, learned in the space of one embedder."""

    def __init__(self, taxonomy: Taxonomy, embedder: Embedder, options: TaggerOptions) -> None:
        """Embed the taxonomy's remarks and fit a scorer for each theme."""
        from sklearn.linear_model import LogisticRegression

        self.taxonomy = taxonomy
        self.signature = tagger_signature(taxonomy, embedder.signature, options)
        self._embedder = embedder
        self._options = options
        texts, belongs = _remarks(taxonomy)
        vectors = embedder.passages(texts)
        self._mean = vectors.mean(axis=0)
        self._models = [
            LogisticRegression(C=options.fit, class_weight="balanced", max_iter=1000).fit(
                vectors - self._mean, belongs[:, theme]
            )
            for theme in range(len(taxonomy.themes))
        ]

    def score_passages(self, vectors: Vectors) -> Scores:
        """Probability of each theme for embedded passages: (n, dim) in, (n, themes) out."""
        if not len(vectors):
            return np.zeros((0, len(self._models)))
        apart = vectors - self._mean
        columns = [model.predict_proba(apart)[:, 1] for model in self._models]
        return np.round(np.stack(columns, axis=1), DECIMALS)

    def score_texts(self, texts: Sequence[str]) -> list[tuple[ThemeScore, ...]]:
        """Every theme's score for each text; a blank text fits none."""
        scores = self.score_passages(self._embedder.passages(texts))
        blank = np.array([not text.strip() for text in texts], dtype=bool)
        scores[blank] = 0.0
        return [self.assign(row) for row in scores]

    def assign(self, scores: Iterable[float]) -> tuple[ThemeScore, ...]:
        """One passage's scores with the themes they belong to."""
        threshold = self._options.threshold
        return tuple(
            ThemeScore(theme_id, float(score), bool(score >= threshold))
            for theme_id, score in zip(self.taxonomy.ids, scores, strict=True)
        )


def load_tagger(taxonomy: Taxonomy, embedder: Embedder, options: TaggerOptions | None = None) -> Tagger:
    """A tagger for passages that `embedder` has embedded."""
    return Tagger(taxonomy, embedder, options or TaggerOptions())


def tagger_signature(
    taxonomy: Taxonomy, embedding: Signature, options: TaggerOptions | None = None
) -> Signature:
    """What the tagger's signature will be, without fitting it."""
    settings = asdict(options or TaggerOptions())
    settings |= {"taxonomy": taxonomy.digest, "embedding": embedding.digest}
    return Signature("nlp.themes", embedding.model, embedding.revision, embedding.licence, settings)


def tag_passages(tagger: Tagger, embeddings: Sequence[Embedding]) -> list[ThemeTag]:
    """A tag for every theme of every embedded passage, assigned or not."""
    if not embeddings:
        return []
    vectors = np.array([embedding.vector for embedding in embeddings], dtype=np.float32)
    return [
        ThemeTag(embedding.passage_id, theme_id, score, assigned, tagger.signature)
        for embedding, row in zip(embeddings, tagger.score_passages(vectors), strict=True)
        for theme_id, score, assigned in tagger.assign(row)
    ]


def _remarks(taxonomy: Taxonomy) -> tuple[list[str], npt.NDArray[np.bool_]]:
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


class ThemeTagger:
    """The spaCy component: writes a tuple of `ThemeScore` to `doc._.themes`."""

    def __init__(self, tagger: Tagger) -> None:
        """A component around a tagger."""
        self.tagger = tagger

    def __call__(self, doc: Doc) -> Doc:
        self.annotate([doc], self.predict([doc]))
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 64) -> Iterator[Doc]:
        """Tag a stream of docs in batches."""
        docs = iter(stream)
        while batch := list(islice(docs, batch_size)):
            self.annotate(batch, self.predict(batch))
            yield from batch

    def predict(self, docs: Sequence[Doc]) -> list[tuple[ThemeScore, ...]]:
        """Every theme's score for each doc; changes nothing."""
        return self.tagger.score_texts([doc.text for doc in docs])

    def annotate(self, docs: Sequence[Doc], scores: Sequence[tuple[ThemeScore, ...]]) -> None:
        """Write predicted scores to the docs."""
        for doc, found in zip(docs, scores, strict=True):
            doc._.themes = found


def _make_theme_tagger(
    nlp: Language, name: str, taxonomy: str | None, model: str, threshold: float
) -> ThemeTagger:
    """The factory: `taxonomy` is the path of a themes file (none: the packaged one), `model` an encoder."""
    path = Path(taxonomy) if taxonomy else packaged_themes()
    embedder = load_embedder(EmbeddingOptions(model), silent)
    return ThemeTagger(load_tagger(load_taxonomy(path), embedder, TaggerOptions(threshold=threshold)))


def __getattr__(name: str) -> Any:
    """Register `make_theme_tagger` when spaCy asks for it by its entry point.

    So spaCy is not imported by importing this module, and the factory is there in any
    pipeline of an environment that has symposia installed.
    """
    if name != "make_theme_tagger":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from spacy.language import Language
    from spacy.tokens import Doc

    if not Doc.has_extension("themes"):
        Doc.set_extension("themes", default=())
    defaults = {"taxonomy": None, "model": EmbeddingOptions().model, "threshold": TaggerOptions().threshold}
    return Language.factory(
        "theme_tagger", default_config=defaults, assigns=["doc._.themes"], func=_make_theme_tagger
    )
