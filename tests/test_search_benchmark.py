"""The benchmark of search counts as it says, and makes archives that can be searched and corrected."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from lancedb.index import IvfPq
from sqlalchemy import event

from benchmarks.search import Asked, Text, as_people_type, figures, fts5, keywords
from benchmarks.search_synthetic import LANGUAGES, Maker, fill
from transcripts.archive import Archive
from transcripts.entries import entries_by_id
from transcripts.holdings import Selection
from transcripts.query import SearchQuery
from transcripts.review import ReviewDesk
from transcripts.search import SearchIndex


def test_figures_are_recall_and_discounted_gain() -> None:
    answers = {"one": ["a", "x", "b"], "two": ["x"]}
    asked = [Asked("en", "one", frozenset({"a", "b"})), Asked("ja", "two", frozenset({"y"}))]
    found = figures(answers.__getitem__, asked)
    assert found["recall"] == 0.5
    assert found["ndcg"] == round((1 + 1 / 2) / (1 + 1 / 1.58496) / 2, 3)
    assert found["recall_by_language"] == {"en": 1.0, "ja": 0.0}


def test_sqlite_is_asked_for_any_of_the_words() -> None:
    texts = [Text("a", "en", "the ethics of film"), Text("b", "ja", "AI倫理委員会", "An ethics board")]
    find = fts5(texts, "unicode61")
    assert set(find('ethics "quoted')) == {"a", "b"}
    assert find("倫理") == []  # inside a longer token
    assert find("") == []


@pytest.mark.parametrize(
    ("code", "word", "typed"),
    [
        ("ko", "영화를", "영화"),
        ("fa", "کلیشه‌ها", "كليشه ها"),
        ("es", "Producción", "produccion"),
        ("en", "Film", "films"),
        ("ja", "国際映画祭", "国際"),
    ],
)
def test_people_type_other_forms(code: str, word: str, typed: str) -> None:
    assert as_people_type(code, word) == typed


def test_what_answers_a_word_is_every_sentence_that_has_it() -> None:
    rows = [{code: f"{code} 映画祭 영화제 فیلمنامه cinema" for code in LANGUAGES}] * 2
    asked = keywords(rows, lambda code, word: word)
    assert {each.query for each in asked if each.language == "ja"} == {"映画祭"}
    assert all(len(each.relevant) == 2 for each in asked)


def test_a_made_up_archive_is_searched_and_corrected(tmp_path: Path) -> None:
    maker = Maker(seed=1, words=300)
    fill(tmp_path / "made-up", 60, maker)
    with Archive.open(tmp_path / "made-up") as archive:
        index = SearchIndex.open(archive, lambda text: maker.vectors(1)[0])
        assert index.find(SearchQuery()).total == 60
        assert index.find(SearchQuery(maker.query("en", 2))).total > 0
        passage_id = "rec-0000-000000"
        before = archive.entries_by_id([passage_id])[passage_id].passage.text
        ReviewDesk(archive).correct(passage_id, "text", "zyzzyva", reviewer="Aki", expected=before)
        assert [hit.passage_id for hit in index.find(SearchQuery("zyzzyva", mode="words")).hits] == [
            passage_id
        ]


def test_a_large_archive_is_searched_by_its_indexes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maker = Maker(seed=1, words=300)
    fill(tmp_path / "made-up", 600, maker)
    with Archive.open(tmp_path / "made-up") as archive:
        vectors = {text: maker.vectors(1)[0] for text in ("one", "two")}
        exact = SearchIndex.open(archive, lambda text: vectors.get(text, vectors["two"]))
        queries = [
            SearchQuery(maker.query("es", 1), mode="words", limit=600),
            SearchQuery(phrases=(" ".join(maker.vocabularies["en"][:2]),), mode="words", limit=600),
            SearchQuery(themes=("ethics",), languages=("ja", "ko"), sort="time", limit=600),
            SearchQuery(excluded=(str(maker.vocabularies["fa"][30]),), limit=600),
            SearchQuery("one", mode="meaning", languages=("ko",), limit=5),
        ]
        expected = [exact.find(query) for query in queries]
        monkeypatch.setattr("transcripts.index.SMALL", 100)
        monkeypatch.setattr("transcripts.index.VECTORS_INDEXED_FROM", 500)
        exact.rebuild()
        for query, before in zip(queries, expected, strict=True):
            found, known = ([hit.passage_id for hit in each.hits] for each in (exact.find(query), before))
            if query.mode == "meaning":  # approximate
                assert found
                assert set(found) & set(known)
            else:
                assert found == known
        passage_id = "rec-0000-000007"
        before_text = archive.entries_by_id([passage_id])[passage_id].passage.text
        ReviewDesk(archive).correct(passage_id, "text", "zyzzyva", reviewer="Aki", expected=before_text)
        for sought in (SearchQuery("zyzzyva", mode="words"), SearchQuery(phrases=("zyzzyva",))):
            assert exact.find(sought).hits[0].passage_id == passage_id
        assert exact.find(SearchQuery(limit=1)).total == 600


def test_all_matches_are_found_however_many_are_asked_for_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = Maker(seed=1, words=300)
    fill(tmp_path / "made-up", 600, maker, a_panel=20)
    words = [str(word) for word in maker.vocabularies["es"][[25, 40, 80]]]
    narrowed: list[dict[str, Any]] = [
        {},
        {"languages": ("es", "ja")},
        {"panels": ("panel-0003",)},
        {"languages": ("es",), "themes": ("ethics",)},
    ]
    queries = [SearchQuery(word, **narrow, limit=600) for word in words for narrow in narrowed]
    with Archive.open(tmp_path / "made-up") as archive:
        index = SearchIndex.open(archive)
        monkeypatch.setattr("transcripts.index_lookup._FIRST", 10_000)
        expected = [[hit.passage_id for hit in index.find(query).hits] for query in queries]
        assert len(expected[0]) > 20  # so that ten are not all
        assert any(expected[2::4])
        assert any(expected[3::4])
        monkeypatch.setattr("transcripts.index_lookup._FIRST", 10)
        monkeypatch.setattr("transcripts.index_lookup._MORE", 2)
        assert [[hit.passage_id for hit in index.find(query).hits] for query in queries] == expected


def test_what_a_narrow_filter_takes_is_found_in_all_parts_of_an_approximate_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = Maker(seed=1, words=300)
    fill(tmp_path / "made-up", 600, maker, a_panel=20)
    vector = maker.vectors(1)[0]
    query = SearchQuery("anything", mode="meaning", panels=("panel-0003",), limit=600)
    with Archive.open(tmp_path / "made-up") as archive:
        index = SearchIndex.open(archive, lambda text: vector)
        known = [hit.passage_id for hit in index.find(query).hits]
        monkeypatch.setattr("transcripts.index.SMALL", 100)
        monkeypatch.setattr("transcripts.index.VECTORS_INDEXED_FROM", 500)
        monkeypatch.setattr("transcripts.index.IvfPq", partial(IvfPq, num_partitions=40))
        index.rebuild()
        assert [hit.passage_id for hit in index.find(query).hits] == known


def plan_of_lookup(directory: Path) -> str:
    """How SQLite finds ten passages by their ids that are in English and about ethics."""
    asked: list[tuple[str, Any]] = []

    def heard(connection: object, cursor: object, sql: str, values: Any, *_: object) -> None:
        asked.append((sql, values))

    chosen = Selection(languages=frozenset({"en"}), themes=frozenset({"ethics"}))
    with Archive.open(directory) as archive, archive.reading() as connection:
        event.listen(connection, "before_cursor_execute", heard)
        entries_by_id(connection, [f"rec-0000-{number:06d}" for number in range(10)], chosen)
        sql, values = next(each for each in asked if "FROM readings JOIN" in each[0])
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()
    return " ".join(row[3] for row in plan if "readings USING" in row[3])


def test_passages_are_looked_up_by_their_ids_whatever_else_is_asked(tmp_path: Path) -> None:
    """SQLite took the index of languages, and looked at all of one, until it knew how many those are."""
    fill(tmp_path / "made-up", 3_000, Maker(seed=1, words=300))
    plan_of_lookup(tmp_path / "made-up")
    assert "(id=?)" in plan_of_lookup(tmp_path / "made-up")
