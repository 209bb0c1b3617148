"""One search finds words and meaning, in five languages, and only what the archive has."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import lancedb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_archive import CONFERENCE, EMBEDDER, SCRIPT, STAGES, embed, fill, float32, layers, recording

from transcripts.archive import Archive, RecordingLayers
from transcripts.errors import ArchiveError, ModelError, SymposiaError
from transcripts.holdings import Selection
from transcripts.index import PassageIndex
from transcripts.index_filters import Withheld, filter_of
from transcripts.query import SearchQuery
from transcripts.records import Signature, TranslationEmbedding
from transcripts.results import Hit
from transcripts.review import ReviewDesk
from transcripts.rights import restrict
from transcripts.search import SearchIndex
from transcripts.waiting import waited


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(tmp_path / "box", create=True) as fresh:
        yield fill(fresh)


@pytest.fixture(scope="module")
def shared() -> Iterator[Archive]:
    """For tests that only look."""
    with Archive.in_memory() as fresh:
        yield fill(fresh)


@pytest.fixture(scope="module")
def index(shared: Archive) -> SearchIndex:
    return SearchIndex.open(shared, embed)


def ids(hits: Sequence[Hit]) -> list[str]:
    return [hit.passage_id for hit in hits]


def found(index: SearchIndex, query: SearchQuery) -> list[str]:
    return ids(index.find(query).hits)


def everything(archive: Archive) -> list[tuple[Hit, ...]]:
    """What a freshly opened index answers to several searches."""
    texts = ("倫理", "future", "guion", "영화 미래", "فیلم", "storyboard ethics 未来")
    index = SearchIndex.open(archive, embed)
    return [index.find(SearchQuery(text)).hits for text in texts]


# Words


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("倫理", "p01"),  # inside a longer token
        ("未来", "p02"),
        ("絵コンテ", "p02"),
        ("영화", "p06"),
        ("윤리", "p08"),
        ("보조출연자를", "p08"),
        ("كليشه", "p07"),  # typed with Arabic letters
        ("فیلمنامه", "p07"),
        ("produccion", "p03"),  # without its accent
        ("etica", "p04"),
        ("editor", "p05"),
        ("pansori", "p06"),  # in the translation
    ],
)
def test_words_find_their_passage_first(index: SearchIndex, text: str, first: str) -> None:
    for mode in ("words", "hybrid"):
        hits = index.find(SearchQuery(text, mode=mode)).hits
        assert ids(hits)[0] == first
        assert "words" in hits[0].matched_by


def test_a_common_word_alone_is_no_match_beside_meaning(index: SearchIndex) -> None:
    hits = index.find(SearchQuery("the storyboard drafts")).hits
    assert ids(hits)[0] == "p05"
    by_words = [hit.passage_id for hit in hits if "words" in hit.matched_by]
    assert "p06" not in by_words  # its translation has 'the'


# Meaning


def test_meaning_crosses_languages(index: SearchIndex) -> None:
    hits = index.find(SearchQuery("ética", mode="meaning")).hits
    assert set(ids(hits)[:3]) == {"p01", "p04", "p08"}
    assert {hit.matched_by for hit in hits} == {("meaning",)}
    assert all(hit.score > 0 for hit in hits)


def test_what_a_translation_means_is_found_as_soon_as_it_is_embedded(archive: Archive) -> None:
    index = SearchIndex.open(archive, embed)
    query = SearchQuery("ethics", mode="meaning")
    assert "p06" not in found(index, query)[:5]
    said = layers("rec-2")
    moral = TranslationEmbedding("p06", "en", float32(embed("An ethical question")), EMBEDDER)
    rest = [each for each in said.translation_embeddings if each.passage_id != "p06"]
    archive.keep(recording("rec-2"), dataclasses.replace(said, translation_embeddings=(*rest, moral)), STAGES)
    assert "p06" in found(index, query)[:5]


def test_both_kinds_of_evidence_are_told(index: SearchIndex) -> None:
    matched = {hit.passage_id: hit.matched_by for hit in index.find(SearchQuery("倫理")).hits}
    assert matched["p01"] == ("words", "meaning")
    assert matched["p04"] == ("meaning",)


def test_without_an_embedder_words_are_searched_and_it_is_said(shared: Archive) -> None:
    index = SearchIndex.open(shared)
    results = index.find(SearchQuery("倫理"))
    assert ids(results.hits) == ["p01"]
    assert "searched by words alone" in str(results.notices[0])
    assert index.find(SearchQuery("倫理", mode="words")).notices == ()
    assert index.find(SearchQuery("倫理", mode="meaning")).hits == ()


def test_an_embedder_of_another_length_is_refused_in_words(shared: Archive) -> None:
    index = SearchIndex.open(shared, lambda text: [1.0, 0.0, 0.0])
    with pytest.raises(ArchiveError, match="has 3 numbers, the archive's have 16; search with the profile"):
        index.find(SearchQuery("倫理"))


@pytest.mark.parametrize("error", [RuntimeError("out of memory"), OSError("gone"), ValueError("no")])
def test_a_model_that_fails_is_told_and_the_index_stays(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(text: str) -> list[float]:
        raise error

    index = SearchIndex.open(archive, fails)
    index.refresh()
    monkeypatch.setattr("transcripts.index.row_batches", lambda *_: pytest.fail("it is made anew"))
    with pytest.raises(ModelError, match=f"cannot be told \\({error}\\): search by words"):
        index.find(SearchQuery("倫理"))


def test_an_archive_without_embeddings_is_searched_by_words(archive: Archive) -> None:
    archive.keep(recording("rec-2"), RecordingLayers(), ())
    plain = dataclasses.replace(layers("rec-1"), embeddings=())
    archive.keep(recording("rec-1"), plain, STAGES)
    results = SearchIndex.open(archive, embed).find(SearchQuery("倫理"))
    assert ids(results.hits) == ["p01"]


def test_vectors_of_another_model_are_not_compared(archive: Archive) -> None:
    other = Signature("embed", "another model")
    few = tuple(
        dataclasses.replace(e, vector=(1.0, 0.0), signature=other) for e in layers("rec-2").embeddings
    )
    others = dataclasses.replace(layers("rec-2"), embeddings=few, translation_embeddings=())
    archive.keep(recording("rec-2"), others, STAGES)
    near = set(found(SearchIndex.open(archive, embed), SearchQuery("ética", mode="meaning")))
    assert near <= {line[1] for line in SCRIPT if line[0] == "rec-1"}
    assert {"p01", "p04"} <= near


# Hits


def test_what_is_found_is_marked_in_text_and_translation(index: SearchIndex) -> None:
    (hit,) = index.find(SearchQuery("guiones scripts", mode="words", languages=("es",))).hits
    entry = hit.entry
    assert [entry.passage.text[start:end] for start, end in hit.text_marks] == ["guion"]
    assert entry.translation is not None
    assert [entry.translation[start:end] for start, end in hit.translation_marks] == ["script"]


# Filters


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (SearchQuery(), [line[1] for line in SCRIPT]),
        (SearchQuery(limit=3), ["p01", "p02", "p03"]),
        (SearchQuery(themes=("o'future",)), ["p02", "p07"]),
        (SearchQuery(themes=("the future",)), ["p02", "p07"]),
        (SearchQuery(languages=("KO",)), ["p06", "p08"]),
        (SearchQuery(panels=('o\'neill "b"',), languages=("fa",)), ["p07"]),
        (SearchQuery(speakers=("ms. o'hara; --",)), ["p06"]),
        (SearchQuery(speakers=("o'hara",)), ["p06"]),
        (SearchQuery(speakers=("S2",)), ["p07", "p08"]),
        (SearchQuery(speakers=("S9", "s2")), ["p07", "p08"]),
        (SearchQuery(speakers=("S9", "S2", "o'hara")), ["p06", "p07", "p08"]),
        (SearchQuery(speakers=("S1",)), []),  # a voice that has names
        (SearchQuery(speakers=("director (japan)",), themes=("ethics",)), ["p01"]),
        (SearchQuery(names=("부산",)), ["p06"]),
        (SearchQuery(names=("busan",), themes=("ethics",)), []),
        (SearchQuery(names=("producer",)), []),
    ],
)
def test_filters_without_a_text_list_by_time(
    index: SearchIndex, query: SearchQuery, expected: list[str]
) -> None:
    results = index.find(query)
    assert ids(results.hits) == expected
    assert results.total == (8 if query == SearchQuery(limit=3) else len(expected))
    assert {hit.matched_by for hit in results.hits} <= {()}


@pytest.mark.parametrize("mode", ["words", "meaning", "hybrid"])
@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({"themes": ("o'future",)}, {"p07"}),
        ({"panels": ('o\'neill "b"',)}, {"p07", "p08"}),
        ({"speakers": ("S2",), "languages": ("ko",)}, {"p08"}),
        ({"speakers": ("director",)}, {"p01"}),
        ({"languages": ("es",)}, {"p04"}),
        ({"languages": ("es", "ko")}, {"p04", "p08"}),
        ({"after": "2025-03-02"}, {"p07", "p08"}),
        ({"states": ("draft",), "qualities": ("good", "check", "doubtful")}, {"p07", "p08", "p04"}),
    ],
)
def test_filters_narrow_every_kind_of_search(
    index: SearchIndex, mode: str, narrowed: dict[str, tuple[str, ...]], expected: set[str]
) -> None:
    query = SearchQuery("ethics etica 倫理 윤리 فیلم‌نامه storyboard 絵コンテ guion", mode=mode, **narrowed)  # type: ignore[arg-type]
    narrow = set(found(index, query))
    assert expected & narrow
    assert narrow <= set(found(index, dataclasses.replace(query, text="")))


def test_what_is_mentioned_narrows_a_search_for_words(index: SearchIndex) -> None:
    query = SearchQuery("판소리 윤리 guion", mode="words")
    assert set(found(index, query)) == {"p04", "p06", "p08"}
    assert found(index, dataclasses.replace(query, names=("Busan",))) == ["p06"]


NARROW = [
    Selection(),
    Selection(languages=frozenset({"es", "ko"}), restricted=True),
    Selection(themes=frozenset({"ethics"}), states=frozenset({"draft"})),
    Selection(themes=frozenset()),
    Selection(names=frozenset({"busan"})),
    Selection(speakers=frozenset({("film-ai", "o'hara")}), speaker_labels=frozenset({"S2", "S9"})),
    Selection(speakers=frozenset({("film-ai", "producer")})),
    Selection(qualities=frozenset({"good", "check"}), held_after="2025-03-02"),
    Selection(panels=frozenset({"opening"}), languages=frozenset({"en"})),
    Selection(held_before="2025-03-01"),
]


@pytest.mark.parametrize("selection", NARROW)
@pytest.mark.parametrize(
    "hidden",
    [
        Withheld(),
        Withheld(frozenset({"opening"})),
        Withheld(passages=frozenset({"p07", "'"}), speakers=frozenset({"producer"})),
    ],
)
def test_columns_and_table_are_filtered_alike(
    shared: Archive, selection: Selection, hidden: Withheld
) -> None:
    lookup = PassageIndex(shared).refresh()
    narrow = filter_of(selection, (CONFERENCE,), hidden)
    by_columns = lookup.columns.ids(lookup.matching(narrow))
    scan = lookup.table.query().select(["passage_id"])
    rows = waited((scan.where(narrow.sql) if narrow.sql else scan).to_list())
    assert sorted(by_columns) == sorted(row["passage_id"] for row in rows)


def test_filters_that_nothing_fits_find_nothing(index: SearchIndex) -> None:
    for nothing in (SearchQuery(states=("approved",)), SearchQuery(before="2025-02-28")):
        assert index.find(nothing).total == 0


NAMES = ["nobody", "' OR 1=1 --", "a'b\"c\\", "%", "]) OR true", "\0", "🎬", "\udcff"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("field", ["themes", "speakers", "panels", "languages", "names"])
def test_an_unknown_name_finds_nothing_and_is_told(index: SearchIndex, field: str, name: str) -> None:
    for text in ("", "倫理"):
        results = index.find(dataclasses.replace(SearchQuery(text), **{field: (name,)}))  # type: ignore[arg-type]
        assert results.hits == ()
        said = {"speakers": "nobody in the archive is", "languages": "nothing in the archive is said in"}
        told = [str(notice) for notice in results.notices if notice.kind.startswith("unknown")]
        assert [each.startswith(said.get(field, "nothing in the archive is called")) for each in told] == [
            True
        ]
        if field == "speakers":
            assert "Director" not in told[0]  # who is withheld is not told


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("山田太郎", "p01"),
        ("山田　太郎", "p01"),
        ("アニエス・ヴァルダ", "p03"),
        ("アニエスヴァルダ", "p03"),
        ("مير كريمی", "p06"),
        ("میرکریمی", "p06"),
    ],
)
def test_a_name_is_found_however_its_parts_are_joined(archive: Archive, name: str, first: str) -> None:
    written = ("山田 太郎", "アニエス ヴァルダ", "میر‌کریمی")
    called = zip(CONFERENCE.speakers, written, strict=True)
    speakers = tuple(dataclasses.replace(who, name=name) for who, name in called)
    archive.set_conference(dataclasses.replace(CONFERENCE, speakers=speakers))
    assert found(SearchIndex.open(archive), SearchQuery(speakers=(name,)))[0] == first


def test_an_id_stands_for_itself_and_no_other_like_it(archive: Archive) -> None:
    panels = [dataclasses.replace(CONFERENCE.panels[1], id=name) for name in ("opening-", "open-ing")]
    archive.set_conference(dataclasses.replace(CONFERENCE, panels=(*CONFERENCE.panels, *panels)))
    index = SearchIndex.open(archive)
    assert index.find(SearchQuery(panels=("opening",))).total == 5
    assert index.find(SearchQuery(panels=("open-ing",))).total == 0


def test_a_language_is_found_however_its_code_is_written(archive: Archive) -> None:
    said = layers("rec-2")
    written = [dataclasses.replace(each, language="zh-Hant") for each in said.passages[:1]]
    archive.keep(recording("rec-2"), RecordingLayers(passages=tuple(written)), STAGES)
    index = SearchIndex.open(archive)
    for code in ("zh-Hant", "zh-hant", "ZH-HANT"):
        assert found(index, SearchQuery(languages=(code,))) == ["p06"]
    results = index.find(SearchQuery(languages=("zh",)))
    assert results.hits == ()
    (notice,) = map(str, results.notices)
    assert notice == "nothing in the archive is said in 'zh'; there are en, es, ja, zh-Hant"


@pytest.mark.parametrize("name", ["ko", "Korean", "coreano", "한국어", "韓国語", "کره‌ای"])
def test_a_language_is_found_by_its_name(index: SearchIndex, name: str) -> None:
    assert found(index, SearchQuery(languages=(name,))) == found(index, SearchQuery(languages=("ko",))) != []


def test_languages_and_voices_of_what_is_withheld_are_not_told(archive: Archive) -> None:
    restrict(archive, "panel", 'o\'neill "b"', reason="not yet", by="ana")
    index = SearchIndex.open(archive)
    for query in (SearchQuery(languages=("fa",)), SearchQuery(speakers=("S2",))):
        (notice,) = index.find(query).notices
        assert notice.kind.startswith("unknown")
        assert "fa, " not in notice.known
        assert index.find(query, restricted=True).notices == ()


ODD = (
    "AND OR NOT",
    '"',
    "*",
    "a:b:",
    "(((",
    "\\",
    "\0",
    "a" * 5_000,
    "倫" * 3_000,
    "🎬" * 50,
    "\n\t",
    "#倫理 -x",
    "\udcff",
)


@pytest.mark.parametrize("text", ODD)
def test_odd_queries_never_fail(index: SearchIndex, text: str) -> None:
    for mode in ("words", "meaning", "hybrid"):
        index.find(SearchQuery(text, mode=mode))


@settings(max_examples=50, deadline=None)
@given(text=st.text(max_size=30), name=st.text(max_size=10))
def test_any_query_gives_an_answer(index: SearchIndex, text: str, name: str) -> None:
    index.find(SearchQuery(text, (name,), (text,), speakers=(name,), themes=(name,)))


def test_an_unknown_mode_is_refused_in_words() -> None:
    with pytest.raises(
        SymposiaError, match="'magic' is no way to search; take one of hybrid, words, meaning"
    ):
        SearchQuery("x", mode="magic")  # type: ignore[arg-type]
    with pytest.raises(SymposiaError, match="at least 1 passage, not 0"):
        SearchQuery("x", limit=0)


# Following the archive


def test_what_the_archive_no_longer_has_is_not_found(archive: Archive) -> None:
    index = SearchIndex.open(archive)
    assert found(index, SearchQuery("倫理", mode="words")) == ["p01"]
    archive.keep(recording("rec-1"), layers("rec-1", without=("p01",)), STAGES)
    assert found(index, SearchQuery("倫理", mode="words")) == []
    assert "p01" not in found(index, SearchQuery("倫理"))


def test_what_is_shown_comes_from_the_archive(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    index = SearchIndex.open(archive)
    index.refresh()
    archive.keep(recording("rec-1"), layers("rec-1", without=("p01",)), STAGES)
    monkeypatch.setattr("transcripts.index.PassageIndex.refresh", lambda self: self._lookup)
    assert index.find(SearchQuery("倫理", mode="words")).hits == ()  # though the index still has it


def test_renamed_speakers_and_themes_are_found_at_once(archive: Archive) -> None:
    index = SearchIndex.open(archive)
    index.refresh()
    renamed = dataclasses.replace(CONFERENCE.speakers[0], name="Someone Else")
    archive.set_conference(dataclasses.replace(CONFERENCE, speakers=(renamed, *CONFERENCE.speakers[1:])))
    (hit,) = index.find(SearchQuery("倫理", mode="words", speakers=("someone else",))).hits
    assert hit.entry.speaker == "Someone Else"


@pytest.mark.parametrize("sampled", [2_000, 1])  # below and above the size at which means are sampled
def test_following_step_by_step_equals_a_rebuild(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, sampled: int
) -> None:
    monkeypatch.setattr("transcripts.offsets.SAMPLE", sampled)
    monkeypatch.setattr("transcripts.offsets.TOLERANCE", 10.0 if sampled == 1 else 0.0)
    index = SearchIndex.open(archive)
    index.refresh()
    for without in (("p02",), ("p01", "p05"), ()):
        archive.keep(recording("rec-1"), layers("rec-1", without=without), STAGES)
        index.refresh()
        followed = everything(archive)
        words = [
            [(hit.passage_id, hit.score) for hit in index.find(SearchQuery(text, mode="words")).hits]
            for text in ("storyboard", "the ethics", "미래")
        ]
        index.rebuild()
        if sampled > 1:  # else language means may lag behind a little
            assert everything(archive) == followed
        assert words == [
            [(hit.passage_id, hit.score) for hit in index.find(SearchQuery(text, mode="words")).hits]
            for text in ("storyboard", "the ethics", "미래")
        ]


@pytest.mark.parametrize("small", [2_000, 10])  # of larger tables changed rows alone are looked at
def test_an_open_index_follows_corrections_among_many_passages(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr("transcripts.index.SMALL", small)
    said = layers("rec-1")
    many = [dataclasses.replace(said.passages[0], id=f"m{n:03d}", ordinal=n) for n in range(50)]
    archive.keep(recording("rec-1"), RecordingLayers(passages=tuple(many)), STAGES)
    index, desk = SearchIndex.open(archive), ReviewDesk(archive)
    assert index.find(SearchQuery()).total == 53
    desk.correct("m007", "text", "まったく別の言葉", reviewer="ana")
    assert found(index, SearchQuery("別の言葉", mode="words")) == ["m007"]
    desk.correct("m031", "language", "zh", reviewer="ana")  # a value that no row had
    desk.correct("m007", "speaker", "producer", reviewer="ana")
    assert found(index, SearchQuery(languages=("zh",))) == ["m031"]
    assert found(index, SearchQuery("言葉", mode="words", speakers=("producer",))) == ["m007"]
    archive.keep(recording("rec-1"), RecordingLayers(passages=tuple(many[:40])), STAGES)
    everything = index.find(SearchQuery(limit=100))
    assert everything.total == 43
    assert everything == SearchIndex.open(archive).find(SearchQuery(limit=100))


@pytest.mark.parametrize("small", [2_000, 2])
def test_names_that_are_marked_anew_are_found_at_once(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr("transcripts.index.SMALL", small)
    index, said = SearchIndex.open(archive), layers("rec-2")
    assert found(index, SearchQuery(names=("busan",))) == ["p06"]
    moved = dataclasses.replace(said.names[0], passage_id="p08")
    for marked, expected in (((), []), ((moved,), ["p08"]), ((moved, *said.names), ["p06", "p08"])):
        archive.keep(recording("rec-2"), dataclasses.replace(said, names=marked), STAGES)
        assert found(index, SearchQuery(names=("busan",))) == expected
        assert found(SearchIndex.open(archive), SearchQuery(names=("busan",))) == expected


def test_words_analysed_before_are_not_analysed_again(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = SearchIndex.open(archive)
    index.refresh()
    analysed: list[str] = []

    def analyse(text: str, language: str) -> list[str]:
        analysed.append(text)
        return [language]

    monkeypatch.setattr("transcripts.index_rows.words", analyse)
    before = layers("rec-2")
    passages = tuple(
        dataclasses.replace(each, text="판소리") if each.id == "p06" else each for each in before.passages
    )
    archive.keep(recording("rec-2"), dataclasses.replace(before, passages=passages), STAGES)
    index.refresh()
    assert sorted(analysed) == ["I heard pansori at the Busan film festival.", "판소리"]


def test_two_open_indexes_follow_each_other(archive: Archive) -> None:
    one, other = SearchIndex.open(archive), SearchIndex.open(archive)
    for without, expected in ((("p01",), []), ((), ["p01"]), (("p01", "p02"), [])):
        archive.keep(recording("rec-1"), layers("rec-1", without=without), STAGES)
        assert found(one, SearchQuery("倫理", mode="words")) == expected
        assert found(other, SearchQuery("倫理", mode="words")) == expected


def test_an_index_that_waited_for_another_to_write_is_not_made_older(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = SearchIndex.open(archive), SearchIndex.open(archive)
    one.refresh()
    archive.keep(recording("rec-1"), layers("rec-1", without=("p01",)), STAGES)
    hold, waited = archive.hold, list[str]()

    def after_the_other(name: str, *, wait: bool = False) -> AbstractContextManager[bool]:
        if not waited:
            waited.append(name)
            archive.keep(recording("rec-1"), layers("rec-1"), STAGES)
            other.refresh()
            monkeypatch.setattr("transcripts.index.row_batches", lambda *_: pytest.fail("it is made anew"))
        return hold(name, wait=wait)

    monkeypatch.setattr(archive, "hold", after_the_other)
    assert found(one, SearchQuery("倫理", mode="words")) == ["p01"]
    assert waited == ["index"]


def test_what_another_made_anew_is_opened_and_not_made_again(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, one, other = everything(archive), SearchIndex.open(archive), SearchIndex.open(archive)
    one.refresh()
    other.rebuild()
    monkeypatch.setattr("transcripts.index.row_batches", lambda *_: pytest.fail("it is made anew"))
    for index in (one, other, one):
        assert index.find(SearchQuery("倫理", mode="words")).total == 1
        assert [hits.total for hits in (index.find(SearchQuery('"AI倫理"')), index.find(SearchQuery()))]
    assert everything(archive) == expected


def test_another_archive_in_the_same_place_is_noticed(archive: Archive, tmp_path: Path) -> None:
    everything(archive)
    with Archive.open(tmp_path / "other", create=True) as other:
        other.set_conference(CONFERENCE)
        other.keep(recording("rec-2"), layers("rec-2"), STAGES)
        other.keep(recording("rec-2"), layers("rec-2", without=("p08",)), STAGES)
        shutil.copytree(tmp_path / "box" / "index", tmp_path / "other" / "index")
        assert found(SearchIndex.open(other), SearchQuery("윤리 판소리", mode="words")) == ["p06"]


def test_an_archive_put_back_from_a_copy_is_followed_back(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "box", create=True) as before:
        fill(before)
    shutil.copy(tmp_path / "box" / "archive.sqlite", tmp_path / "copy")
    with Archive.open(tmp_path / "box") as corrected:
        ReviewDesk(corrected).correct("p05", "text", "zebra", reviewer="ana")
        assert found(SearchIndex.open(corrected), SearchQuery("zebra", mode="words")) == ["p05"]
    (tmp_path / "copy").replace(tmp_path / "box" / "archive.sqlite")
    with Archive.open(tmp_path / "box") as back:
        assert found(SearchIndex.open(back), SearchQuery("zebra", mode="words")) == []
        assert "p05" in found(SearchIndex.open(back), SearchQuery("editors", mode="words"))


# Damage


def damaged_files(directory: Path) -> list[str]:
    return sorted(str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file())


@pytest.mark.parametrize("damage", ["cut short", "overwritten", "gone"])
def test_a_damaged_index_is_made_again(archive: Archive, damage: str) -> None:
    assert archive.files is not None
    directory = archive.files / "index"
    expected = everything(archive)
    for name in damaged_files(directory):
        path = directory / name
        if not path.exists():  # the table was made again with other file names
            continue
        if damage == "gone":
            path.unlink()
        else:
            data = path.read_bytes()
            path.write_bytes(data[: len(data) // 2] if damage == "cut short" else b"\xa5" * len(data))
        assert everything(archive) == expected, name
    shutil.rmtree(directory)
    assert everything(archive) == expected
    shutil.rmtree(directory)
    directory.write_text("a file where the index should be")
    assert everything(archive) == expected


def test_an_index_that_cannot_be_written_is_told_in_words(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, *_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ArchiveError, match=r"search index .* cannot be written: .*No space.* make room"):
        SearchIndex.open(archive).find(SearchQuery("倫理"))


INDEXER = """
import sys
from pathlib import Path
from sample_archive import *
from transcripts.search import SearchIndex
with Archive.open(Path(sys.argv[1])) as archive:
    index = SearchIndex.open(archive)
    index.refresh()
    print("ready", flush=True)
    while True:
        index.rebuild()
        archive.keep(recording("rec-1"), layers("rec-1", without=("p02",)), STAGES)
        index.refresh()
        archive.keep(recording("rec-1"), layers("rec-1"), STAGES)
        index.refresh()
"""


def test_kill_9_while_indexing_does_no_harm(archive: Archive) -> None:
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent)])}
    expected = everything(archive)
    for delay_s in (0.0, 0.07):
        indexer = subprocess.Popen(
            [sys.executable, "-c", INDEXER, str(archive.files)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        assert indexer.stdout is not None
        assert indexer.stderr is not None
        assert indexer.stdout.readline() == b"ready\n"
        try:
            indexer.wait(delay_s)
        except subprocess.TimeoutExpired:
            os.kill(indexer.pid, signal.SIGKILL)
        indexer.wait()
        assert indexer.stderr.read() == b""  # and LanceDB says nothing on the terminal
        indexer.stdout.close()
        indexer.stderr.close()
        fill(archive)
        assert everything(archive) == expected


def test_what_a_killed_writer_left_is_put_back_and_nothing_made_anew(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, files = everything(archive), archive.files
    assert files is not None
    monkeypatch.setattr("transcripts.index.row_batches", lambda *_: pytest.fail("it is made anew"))
    for _ in range(2):  # what was put back is a version like any other
        table = lancedb.connect(files / "index").open_table("passages")
        table.delete("language = 'ja'")
        assert everything(archive) == expected
    assert everything(archive) == expected


def test_an_archive_that_cannot_be_written_is_searched_all_the_same(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert found(SearchIndex.open(archive), SearchQuery("倫理", mode="words")) == ["p01"]
    assert archive.files is not None
    assert not (archive.files / "index").exists()
