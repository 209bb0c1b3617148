"""`theme_tagger`: the tagger of `nlp.themes` as a spaCy component, for anyone's pipeline.

As in:

    nlp = spacy.blank("ja")
    nlp.add_pipe("theme_tagger")
    doc._.themes          # a tuple of ThemeScore: (theme_id, score, assigned)
    doc.spans["themes"]   # the part of the doc that speaks for each assigned theme, by its label
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from nlp.embeddings import EmbeddingOptions, load_embedder
from nlp.languages import LANGUAGES
from nlp.taxonomy import Taxonomy, load_taxonomy, packaged_themes
from nlp.theme_evidence import reasons
from nlp.themes import Scorer, Tagger, TaggerOptions, ThemeScore, load_tagger
from nlp.weights import silent
from transcripts.errors import ConfigurationError

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

SPANS = "themes"  # key of doc.spans
STATE = "theme_tagger.json"  # in the folder that a pipeline saves the component to


class ThemeTagger:
    """Writes a tuple of `ThemeScore` to `doc._.themes`, and the evidence to `doc.spans["themes"]`."""

    def __init__(self, tagger: Tagger, model: str = EmbeddingOptions().model) -> None:
        """A component around a tagger, whose encoder is `model`."""
        self.tagger = tagger
        self.model = model

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
        """Write predicted scores and their evidence to the docs; what is new is embedded in one go."""
        texts = [(doc.text, doc.lang_ if doc.lang_ in LANGUAGES else "en") for doc in docs]
        for doc, found, why in zip(docs, scores, reasons(self.tagger, texts, scores), strict=True):
            doc._.themes = found
            spans = [
                doc.char_span(each.start, each.end, theme, alignment_mode="expand")
                for theme, each in why.items()
            ]
            doc.spans[SPANS] = [span for span in spans if span is not None]

    # Kept with a pipeline

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """The taxonomy and what was learned from it, as JSON; the encoder is named, not kept."""
        state = {
            "model": self.model,
            "taxonomy": asdict(self.tagger.taxonomy),
            "scorer": asdict(self.tagger.scorer),
        }
        return json.dumps(state, ensure_ascii=False).encode()

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> ThemeTagger:
        """Become what `to_bytes` wrote. Raises ConfigurationError when that is not whole."""
        try:
            state = json.loads(data)
            taxonomy = TypeAdapter(Taxonomy).validate_python(state["taxonomy"])
            scorer = TypeAdapter(Scorer).validate_python(state["scorer"])
            model = str(state["model"])
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise ConfigurationError(
                f"what was kept of 'theme_tagger' cannot be read ({error}): save the pipeline again."
            ) from error
        embedder = load_embedder(EmbeddingOptions(model), silent)
        self.tagger, self.model = load_tagger(taxonomy, embedder, trained=scorer), model
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the component to a folder."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / STATE).write_bytes(self.to_bytes())

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> ThemeTagger:
        """Become what `to_disk` wrote. Raises ConfigurationError when that is not there or not whole."""
        file = Path(path) / STATE
        try:
            data = file.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{file} cannot be read ({error.strerror}): check the path.") from error
        return self.from_bytes(data)


def _make_theme_tagger(
    nlp: Language, name: str, taxonomy: str | None, model: str, threshold: float
) -> ThemeTagger:
    """The factory: `taxonomy` is the path of a themes file (none: the packaged one), `model` an encoder."""
    path = Path(taxonomy) if taxonomy else packaged_themes()
    embedder = load_embedder(EmbeddingOptions(model), silent)
    tagger = load_tagger(load_taxonomy(path), embedder, TaggerOptions(threshold=threshold))
    return ThemeTagger(tagger, model)


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
        "theme_tagger",
        default_config=defaults,
        assigns=["doc._.themes", "doc.spans"],
        func=_make_theme_tagger,
    )
