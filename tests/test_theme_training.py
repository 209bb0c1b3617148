"""The tagger learns from people: labels, decisions in an archive, and the report of before and after."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes_meaning import WordEmbedder
from sample_archive import CONFERENCE, fill

from nlp.taxonomy import Remark, Taxonomy, Theme
from nlp.theme_training import Labelled, read_scorer, scorer_text, train
from nlp.themes import load_tagger, tagger_signature
from transcripts.archive import Archive
from transcripts.errors import ArchiveError, ConfigurationError
from transcripts.holdings import Selection
from transcripts.review import ReviewDesk

TAXONOMY = Taxonomy(
    (
        Theme("making", {"en": "Making"}, "To draw.", (Remark("en", "we draw"),)),
        Theme("owing", {"en": "Owing"}, "Consent.", (Remark("en", "without consent"),)),
    ),
    (Remark("en", "lunch is downstairs"),),
)
# In this house, 'soon' is said of what is owed: no remark of the taxonomy says so.
SAID = [("draw and play", {"making"}), ("soon, soon", {"owing"}), ("lunch", set()), ("years of lunch", set())]


def labelled(count: int) -> list[Labelled]:
    texts = [
        " ".join([text] * (1 + number % 3)) for number, (text, _) in zip(range(count), itertools.cycle(SAID))
    ]
    vectors = WordEmbedder().passages(texts)
    return [
        Labelled(tuple(map(float, vector)), {theme: theme in held for theme in TAXONOMY.ids})
        for vector, (_, held) in zip(vectors, itertools.cycle(SAID))
    ]


def test_what_people_said_is_learned_and_measured_on_held_out_passages() -> None:
    scorer, report = train(TAXONOMY, WordEmbedder(), labelled(24))
    assert report.passages == scorer.passages == 24
    assert report.before["owing"].recall < 0.1
    assert report.after["owing"].f1 > 0.9
    assert report.macro_f1(report.after) > report.macro_f1(report.before)
    tagger = load_tagger(TAXONOMY, WordEmbedder(), trained=scorer)
    (scores,) = tagger.score_texts(["we meet soon"])
    assert [each.theme_id for each in scores if each.assigned] == ["owing"]


def test_a_theme_that_nobody_judged_stays_as_it_was() -> None:
    known = [Labelled(each.vector, {"owing": each.themes["owing"]}) for each in labelled(24)]
    scorer, report = train(TAXONOMY, WordEmbedder(), known)
    assert scorer.thresholds[0] == 0.5
    assert report.after["making"].f1 == 0.0  # of nothing
    tagger = load_tagger(TAXONOMY, WordEmbedder(), trained=scorer)
    (scores,) = tagger.score_texts(["we draw"])
    assert scores[0].assigned


def test_too_few_labels_are_told() -> None:
    with pytest.raises(ConfigurationError, match="there are 3 labelled passages: the tagger learns from 10"):
        train(TAXONOMY, WordEmbedder(), labelled(3))


def test_what_was_learned_is_kept_whole_and_names_the_tags(tmp_path: Path) -> None:
    path = tmp_path / "themes-trained.json"
    assert read_scorer(path) is None
    scorer, _ = train(TAXONOMY, WordEmbedder(), labelled(24))
    path.write_text(scorer_text(scorer))
    assert read_scorer(path) == scorer
    cold = tagger_signature(TAXONOMY, WordEmbedder.signature)
    trained = tagger_signature(TAXONOMY, WordEmbedder.signature, trained=scorer)
    assert cold.digest != trained.digest
    assert trained.options["thresholds"] == dict(zip(TAXONOMY.ids, scorer.thresholds, strict=True))
    path.write_text(path.read_text()[:100])
    with pytest.raises(ConfigurationError, match="run 'symposia themes train' again"):
        read_scorer(path)


def test_what_was_learned_of_other_themes_is_refused() -> None:
    scorer, _ = train(TAXONOMY, WordEmbedder(), labelled(24))
    other = replace(TAXONOMY, background=())
    with pytest.raises(ConfigurationError, match="have changed since the tagger was trained"):
        load_tagger(other, WordEmbedder(), trained=scorer)


def test_retraining_is_repeatable() -> None:
    first, second = (train(TAXONOMY, WordEmbedder(), labelled(24))[0] for _ in range(2))
    np.testing.assert_allclose(first.weights, second.weights)
    assert first.digest == second.digest


# What people decide


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return fill(Archive.open(tmp_path / "a", create=True))


def themes_of(archive: Archive, passage_id: str) -> list[str]:
    return [theme for theme, _ in archive.entries_by_id([passage_id])[passage_id].themes]


def decide(archive: Archive, passage_id: str, theme: str, belongs: bool) -> None:
    ReviewDesk(archive).correct(passage_id, f"theme:{theme}", str(belongs), reviewer="ana")


def test_a_decision_goes_before_any_tag_and_stays(archive: Archive) -> None:
    entry = next(each for each in archive.entries() if each.themes)
    had, _ = entry.themes[0]
    new = next(theme.id for theme in CONFERENCE.themes if theme.id not in dict(entry.themes))
    counted = archive.summary().themes
    decide(archive, entry.passage.id, had, False)
    decide(archive, entry.passage.id, new, True)
    fill(archive)  # the machine says again what it said before
    found = themes_of(archive, entry.passage.id)
    assert had not in found
    assert new in found
    of_new = archive.entries(Selection(themes=frozenset({new})))
    of_had = archive.entries(Selection(themes=frozenset({had})))
    assert entry.passage.id in {each.passage.id for each in of_new}
    assert entry.passage.id not in {each.passage.id for each in of_had}
    now = archive.summary().themes
    assert now.get(had, 0) == counted[had] - 1
    assert now[new] == counted.get(new, 0) + 1
    assert archive.theme_decisions() == {entry.passage.id: {had: False, new: True}}
    assert [(each.field, each.before, each.after) for each in archive.reviews(entry.passage.id)] == [
        (f"theme:{had}", "True", "False"),
        (f"theme:{new}", "False", "True"),
    ]


def test_a_mind_can_be_changed(archive: Archive) -> None:
    (passage_id, theme) = next(
        (each.passage.id, each.themes[0][0]) for each in archive.entries() if each.themes
    )
    for belongs in (False, True):
        decide(archive, passage_id, theme, belongs)
    assert theme in themes_of(archive, passage_id)
    assert len(archive.reviews(passage_id)) == 2


def test_a_passage_that_is_not_there_is_told(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match="has no passage 'nobody'"):
        decide(archive, "nobody", "ethics", True)
