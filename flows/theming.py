"""`symposia themes`: what people say of themes, and what the tagger learns from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from flows.config import load_conference
from flows.models import Models, trained_in
from flows.profiles import load_profile
from nlp.embeddings import Embedder
from nlp.skos import skos_document
from nlp.taxonomy import Taxonomy, load_taxonomy, packaged_themes
from nlp.theme_training import Labelled, Report, scorer_text, train
from transcripts.archive import Archive
from transcripts.errors import ConfigurationError, FormatError
from transcripts.files import write_atomically
from transcripts.place import Place
from transcripts.review import ReviewDesk


def themes_as_skos(themes: Path | None, base: str) -> str:
    """A themes file as SKOS, in JSON-LD. Raises ConfigurationError for a file that is not valid."""
    document = skos_document(load_taxonomy(themes or packaged_themes()), base)
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def decide(place: Place, passage_id: str, theme_id: str, belongs: bool, reviewer: str) -> None:
    """Put down that a passage belongs to a theme, or does not. Raises ArchiveError, ConfigurationError."""
    with Archive.open(place) as archive:
        known = {theme.id for conference in archive.conferences() for theme in conference.themes}
        if theme_id not in known:
            raise ConfigurationError(
                f"there is no theme {theme_id!r} in {place}: choose from {', '.join(sorted(known))}."
            )
        ReviewDesk(archive).correct(passage_id, f"theme:{theme_id}", str(belongs), reviewer=reviewer)


def train_themes(path: Path, place: Place, labels: Sequence[str], profile: str, console: Console) -> bool:
    """Learn from people's decisions in an archive, and from lines of labels; whether it was worth it.

    What was learned is written into the archive if it is better on held-out passages; the next
    `symposia run` tags with it. Raises ConfigurationError where there are too few labels, and for a profile
    whose tagger does not learn.
    """
    conference, described = load_conference(path), load_profile(profile)
    if described.themes.model:
        raise ConfigurationError(
            f"the profile {profile} tells themes by {described.themes.model}, which does not learn from "
            "labels: name a profile without a model under 'themes'."
        )
    models = Models(described, conference.themes, lambda line: console.print(line, markup=False))
    with Archive.open(place) as archive:
        labelled, kept_in = list(_decided(archive, models)), trained_in(archive)
        decisions = len(archive.theme_decisions())
    assert kept_in is not None
    if decisions and not labelled and not labels:
        raise ConfigurationError(
            f"no passage of {place} that people decided on ({decisions}) is embedded by "
            f"{models.embedding_signature.model}: name the --profile that the archive was made with."
        )
    labelled += read_labels(labels, models.taxonomy, models.embedder)
    scorer, report = train(models.taxonomy, models.embedder, labelled)
    console.print(_table(report))
    before, after = report.macro_f1(report.before), report.macro_f1(report.after)
    if after < before:
        console.print(
            f"Not kept: what was learned is worse on held-out passages (macro-F1 {after:.2f}, {before:.2f} "
            "before). More labels may help."
        )
        return False
    write_atomically(kept_in, scorer_text(scorer))
    console.print(
        f"Kept in {kept_in}: 'symposia run' tags with it from now on. "
        "Themes that a person confirmed or rejected stay as they are."
    )
    return True


def _decided(archive: Archive, models: Models) -> Iterator[Labelled]:
    """Passages of an archive that people judged and that the encoder at hand has embedded."""
    decisions = archive.theme_decisions()
    for recording in archive.recordings():
        for each in archive.layers(recording.id).embeddings:
            mine = each.signature.digest == models.embedding_signature.digest
            if mine and each.passage_id in decisions:
                yield Labelled(each.vector, decisions[each.passage_id])


def read_labels(lines: Sequence[str], taxonomy: Taxonomy, embedder: Embedder) -> list[Labelled]:
    """JSON lines `{"text", "themes": [id, ...]}`: of every theme it is known whether a text belongs to it.

    Raises FormatError for a line that is none, or names a theme that is not there.
    """
    texts, themes = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            held = json.loads(line)
            text, named = held["text"], held["themes"]
            if not (isinstance(text, str) and text.strip() and isinstance(named, list)):
                raise TypeError(text, named)
            named = set(map(str, named))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise FormatError(
                f'line {number} of the labels is no object such as {{"text": "...", "themes": ["ethics"]}}.'
            ) from error
        unknown = named - set(taxonomy.ids)
        if unknown:
            raise FormatError(
                f"line {number} of the labels names {', '.join(sorted(unknown))}: "
                f"the themes are {', '.join(taxonomy.ids)}."
            )
        texts.append(text)
        themes.append({theme: theme in named for theme in taxonomy.ids})
    vectors = embedder.passages(texts)
    return [Labelled(tuple(map(float, vector)), known) for vector, known in zip(vectors, themes, strict=True)]


def _table(report: Report) -> Table:
    """Before and after, a theme a row."""
    table = Table(title=f"On held-out passages, of {report.passages} that people labelled")
    for name in ("theme", "precision", "recall", "F1"):
        table.add_column(name, justify="left" if name == "theme" else "right")
    for theme, before in report.before.items():
        after = report.after[theme]
        pairs = (
            (before.precision, after.precision),
            (before.recall, after.recall),
            (before.f1, after.f1),
        )
        table.add_row(theme, *(f"{old:.2f} > {new:.2f}" for old, new in pairs))
    macro = report.macro_f1(report.before), report.macro_f1(report.after)
    table.add_row("mean", "", "", f"{macro[0]:.2f} > {macro[1]:.2f}")
    return table
