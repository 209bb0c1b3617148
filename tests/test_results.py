"""A page of results: counts, order, pages, marks, contexts, neighbours, and what is like a passage."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_archive import CONFERENCE, SCRIPT, STAGES, embed, fill, layers, recording

from transcripts.analysis import query_words, tokens, words
from transcripts.archive import Archive, Conference, RecordingLayers
from transcripts.index import PassageIndex
from transcripts.index_lookup import Lookup
from transcripts.phrases import phrase_spans, phrase_writing, writing
from transcripts.query import SearchQuery, parse
from transcripts.records import Recording
from transcripts.results import Results, contexts
from transcripts.review import ReviewDesk
from transcripts.rights import lift, restrict
from transcripts.search import SearchIndex


@pytest.fixture
def archive(new_archive: Archive) -> Archive:
    return fill(new_archive)


def ids(results: Results) -> list[str]:
    return [hit.passage_id for hit in results.hits]


def counted(results: Results, facet: str) -> dict[str, int]:
    return {count.value: count.hits for count in results.facets[facet]}


# Counts, order and pages


def test_facets_count_all_hits_not_only_the_page(index: SearchIndex) -> None:
    results = index.find(SearchQuery(limit=1))
    assert results.total == len(SCRIPT)
    assert counted(results, "language") == {"ja": 2, "es": 2, "ko": 2, "en": 1, "fa": 1}
    assert counted(results, "theme") == {"ethics": 4, "o'future": 2}
    assert counted(results, "speaker") == {"producer": 3, "director": 2, "o'hara": 1}
    assert counted(results, "panel") == {"opening": 5, 'o\'neill "b"': 3}
    assert counted(results, "state") == {"draft": 8}
    assert [(each.value, each.name, each.hits) for each in results.facets["name"]] == [("busan", "Busan", 1)]
    assert list(counted(results, "day").items()) == [("2025-03-01", 5), ("2025-03-02", 3)]
    assert results.facets["theme"][0].name == "Ethics and Cultural Responsibility"


def test_who_is_withheld_is_not_told_as_mentioned_either(archive: Archive) -> None:
    said = layers("rec-2")
    mentioned = dataclasses.replace(said.names[0], kind="speaker", target_id="producer")
    archive.keep(recording("rec-2"), dataclasses.replace(said, names=(mentioned,)), STAGES)
    index = SearchIndex.open(archive, embed)
    assert counted(index.find(SearchQuery()), "name") == {"producer": 1}
    restrict(archive, "speaker", "producer", reason="asked for it", by="ana")
    assert counted(index.find(SearchQuery()), "name") == {}
    assert counted(index.find(SearchQuery(), restricted=True), "name") == {"producer": 1}
    told = index.find(SearchQuery(names=("nobody",))).notices
    assert "Productora" not in str(told[0])


def test_a_facet_as_a_filter_finds_as_many_as_it_counted(index: SearchIndex) -> None:
    query = parse("倫理 ethics 未来")
    for field, facet in (
        ("themes", "theme"),
        ("names", "name"),
        ("languages", "language"),
        ("panels", "panel"),
    ):
        for value, hits in counted(index.find(dataclasses.replace(query, mode="words")), facet).items():
            narrowed = dataclasses.replace(query, mode="words", **{field: (value,)})  # type: ignore[arg-type]
            assert index.find(narrowed).total == hits


def test_a_theme_that_is_of_no_file_any_more_is_counted_as_its_filter_finds_it(archive: Archive) -> None:
    archive.set_conference(dataclasses.replace(CONFERENCE, themes=CONFERENCE.themes[1:]))
    index = SearchIndex.open(archive)
    assert counted(index.find(SearchQuery()), "theme") == {"ethics": 4, "o'future": 2}
    results = index.find(parse("theme:ethics"))
    assert (results.total, results.notices) == (4, ())
    restrict(archive, "panel", "opening", reason="not yet", by="ana")
    restrict(archive, "panel", 'o\'neill "b"', reason="not yet", by="ana")
    assert "ethics" not in str(index.find(parse("theme:nothing")).notices[0])


def test_speakers_of_two_conferences_are_counted_as_their_filter_finds_them(archive: Archive) -> None:
    panel = dataclasses.replace(CONFERENCE.panels[0], id="second", title="opening")  # as an id of the first
    director, producer, _ = CONFERENCE.speakers
    speakers = (director, dataclasses.replace(producer, name="Another"))
    archive.set_conference(Conference("second", "Second", "en", (panel,), speakers))
    again = [
        dataclasses.replace(each, id=f"again-{each.id}", recording_id="rec-3")
        for each in layers("rec-1").passages
    ]
    kept = Recording("rec-3", "second", "/media/rec-3.opus", "cd" * 32, 123.25)
    archive.keep(kept, RecordingLayers(passages=tuple(again)), STAGES)
    index = SearchIndex.open(archive)
    results = index.find(SearchQuery(limit=50))
    assert counted(results, "speaker") == {"Productora (México)": 3, "Another": 3, "director": 4, "o'hara": 1}
    for field, facet in (("speakers", "speaker"), ("panels", "panel")):
        for value, hits in counted(results, facet).items():
            assert index.find(SearchQuery(**{field: (value,)})).total == hits  # type: ignore[arg-type]


@pytest.mark.parametrize("sort", ["relevance", "time"])
@pytest.mark.parametrize("text", ["", "ethics future storyboard"])
def test_pages_hold_every_hit_once(index: SearchIndex, text: str, sort: str) -> None:
    query = SearchQuery(text, sort=sort, limit=50)  # type: ignore[arg-type]
    everything = index.find(query)
    pages = [
        passage_id
        for offset in range(0, everything.total + 3, 3)
        for passage_id in ids(index.find(dataclasses.replace(query, limit=3, offset=offset)))
    ]
    assert pages == ids(everything)
    assert len(pages) == everything.total == len(set(pages))


def test_two_who_speak_at_once_keep_their_order(archive: Archive) -> None:
    said = layers("rec-1")
    at_once = tuple(dataclasses.replace(each, span=said.passages[0].span) for each in said.passages)
    archive.keep(recording("rec-1"), dataclasses.replace(said, passages=at_once), STAGES)
    columns = PassageIndex(archive).refresh().columns
    rows = np.arange(5)
    for found in (rows, rows[::-1]):
        assert found[columns.by_score(found, np.ones(5))].tolist() == rows.tolist()
        assert columns.by_time(found, []).tolist() == rows.tolist()


def test_hits_by_time_are_those_by_relevance(index: SearchIndex) -> None:
    query = SearchQuery("ethics storyboard", limit=50)
    by_time = ids(index.find(dataclasses.replace(query, sort="time")))
    assert by_time == sorted(ids(index.find(query)))  # passages are numbered as they were said


# Phrases and exclusions


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ('"AI倫理"', ["p01"]),
        ('"ＡＩ倫理委員会"', ["p01"]),
        ('"理委"', ["p01"]),  # inside a run of kanji
        ('"AI ethics committee"', []),  # the translation's writing, not the source's
        ('"etica no es"', ["p04"]),
        ('"ética es"', []),
        ('"storyboard\'s 3 drafts"', ["p05"]),
        ('"story"', []),  # not a whole word
        ('"فيلم نامه هاي"', ["p07"]),
        ('"영화제에서 판소리"', ["p06"]),
        ('"でしました"', []),
        ('"しました"', ["p01"]),  # no word of a dictionary
        ('"!?"', []),  # nothing that could be looked for
    ],
)
def test_a_phrase_is_found_as_it_is_written(index: SearchIndex, typed: str, expected: list[str]) -> None:
    for query in (parse(typed), parse(f"{typed} -neverused"), parse(f"{typed} storyboard")):
        words = dataclasses.replace(query, mode="words")
        found = ids(index.find(words))
        assert found == expected or (typed == '"!?"' and "storyboard" in query.text)


@pytest.mark.parametrize(
    ("excluded", "gone"),
    [
        ("倫理", {"p01"}),
        ("guiones", {"p04"}),  # another form of the word
        ("ethics", {"p01", "p04", "p08"}),  # in translations too
        ("영화", {"p06"}),  # in a compound
        ('"no es un"', {"p04"}),
        ('"ethics committee"', {"p01"}),  # in a translation
        ('"committee ethics"', set()),  # the words are there, in another order
        ('"guiones"', set()),  # another form of the word
        ("「理委」", {"p01"}),  # inside a run of kanji
        ('"ボード"', set()),
        ('"!?"', set()),
        ("فيلمنامه", {"p07"}),
        ("فیلم‌نامه", {"p07"}),
    ],
)
def test_what_is_excluded_is_not_there(index: SearchIndex, excluded: str, gone: set[str]) -> None:
    listed = set(ids(index.find(dataclasses.replace(parse(f"-{excluded}"), limit=50))))
    assert listed == {line[1] for line in SCRIPT} - gone
    for mode in ("words", "meaning", "hybrid"):
        query = dataclasses.replace(parse(f"ethics etica 倫理 guion 영화 فیلم -{excluded}"), mode=mode)
        assert not set(ids(index.find(query))) & gone


# Marks and contexts


@pytest.mark.parametrize(
    ("query", "text", "language", "marked"),
    [
        ("倫理", "研究者の倫理観を問う", "ja", ["倫理"]),
        ("食べる", "みんなで食べました", "ja", ["食べ"]),
        ("映画", "国際映画祭", "ja", ["映画"]),
        ("ＡＩ", "生成aiの利用", "ja", ["ai"]),
        ("영화", "국제영화제에서", "ko", ["영화"]),
        ("듣다", "판소리를 들었어요", "ko", ["들"]),
        ("كليشه", "کلیشه‌های فرهنگی", "fa", ["کلیشه‌های"]),
        ("produccion", "las producciones de TV", "es", ["producciones"]),
        ("edit", "the Editors edited", "en", ["edited"]),
        ("ガンダム", "ｶﾞﾝﾀﾞﾑの話", "ja", ["ｶﾞﾝﾀﾞﾑ"]),
        ("fine", "a ﬁne day", "en", ["ﬁne"]),
    ],
)
def test_marks_are_the_words_as_they_stand(query: str, text: str, language: str, marked: list[str]) -> None:
    sought = set(query_words(query))
    found = [text[start:end] for token, start, end in tokens(text, language) if token in sought]
    assert set(marked) <= set(found)


def test_a_compound_is_excluded_however_it_is_joined(archive: Archive) -> None:
    ReviewDesk(archive).correct("p07", "text", "نوشتن فیلمنامه‌ها", reviewer="ana")
    index = SearchIndex.open(archive)
    assert "p07" not in ids(index.find(parse("-فیلم‌نامه")))


def test_a_syllable_that_may_be_a_noun_or_a_verb_is_both(archive: Archive) -> None:
    ReviewDesk(archive).correct("p06", "text", "우리의 삶은 영화다", reviewer="ana")
    index = SearchIndex.open(archive)
    (hit,) = index.find(SearchQuery("삶")).hits
    assert (hit.passage_id, hit.text_marks) == ("p06", ((4, 5),))
    assert hit.score > 0
    assert "p06" not in ids(index.find(parse("-삶")))


def test_numbers_are_marked_in_every_script(archive: Archive) -> None:
    desk = ReviewDesk(archive)
    desk.correct("p01", "text", "映画は2025年に3Dで", reviewer="ana")
    desk.correct("p07", "text", "سال ۲۰۲۵ بود", reviewer="ana")
    hits = SearchIndex.open(archive).find(SearchQuery("2025 3D", mode="words")).hits
    marked = {
        hit.passage_id: [hit.entry.passage.text[start:end] for start, end in hit.text_marks] for hit in hits
    }
    assert marked == {"p01": ["2025", "3D"], "p07": ["۲۰۲۵"]}


@given(st.text(max_size=40), st.sampled_from(["ja", "ko", "fa", "es", "en", "zh"]))
def test_tokens_know_where_they_are(text: str, language: str) -> None:
    found = tokens(text, language)
    assert [token for token, _, _ in found] == words(text, language)
    assert all(0 <= start <= end <= len(text) for _, start, end in found)


@given(st.text(max_size=40), st.integers(0, 40), st.integers(1, 10))
def test_a_phrase_of_whole_words_is_found_where_it_stands(text: str, start: int, count: int) -> None:
    parts = text.split(" ")
    phrase = " ".join(parts[start : start + count])
    spans = phrase_spans(text, phrase)
    assert all(0 <= first < last <= len(text) for first, last in spans)
    if phrase_writing(phrase):
        assert (phrase_writing(phrase) in writing(text)) == bool(spans)
        assert spans


def test_keywords_stand_in_their_context() -> None:
    text = "La ética no es un adorno\ndel guion."
    (one,) = contexts(text, [(29, 34)], width=9)
    assert (one.before, one.keyword, one.after) == ("…orno del ", "guion", ".")
    (first,) = contexts(text, [(0, 2)], width=6)
    assert (first.before, first.after) == ("", " ética…")


# Neighbours, and what is like a passage


def test_neighbours_are_what_was_said_before_and_after(index: SearchIndex) -> None:
    assert [each.passage.id for each in index.neighbours("p03", before=1, after=2)] == [
        "p02",
        "p03",
        "p04",
        "p05",
    ]
    assert [each.passage.id for each in index.neighbours("p01")] == ["p01", "p02", "p03"]
    assert index.neighbours("nobody") == ()


def test_what_is_like_a_passage_is_found_in_other_languages(index: SearchIndex) -> None:
    hits = index.more_like("p01", limit=2)
    assert {hit.passage_id for hit in hits} == {"p04", "p08"}
    assert "p01" not in {hit.passage_id for hit in index.more_like("p01", limit=50)}
    assert index.more_like("nobody") == ()


# People's changes


def test_a_correction_is_found_at_once(archive: Archive) -> None:
    index = SearchIndex.open(archive, embed)
    assert index.find(SearchQuery("肖像権", mode="words")).total == 0
    before = archive.entries_by_id(["p01"])["p01"].passage.text
    ReviewDesk(archive).correct("p01", "text", "肖像権を議論しました。", reviewer="Aki", expected=before)
    assert ids(index.find(SearchQuery("肖像権", mode="words"))) == ["p01"]
    assert "p01" not in ids(index.find(SearchQuery("委員会", mode="words")))
    assert ids(index.find(parse('"肖像権を議論"'))) == ["p01"]


def test_review_states_are_counted_and_filtered(archive: Archive) -> None:
    ReviewDesk(archive).set_state("p02", "approved", "Aki")
    index = SearchIndex.open(archive)
    assert counted(index.find(SearchQuery()), "state") == {"draft": 7, "approved": 1}
    assert ids(index.find(parse("reviewed:yes"))) == ["p02"]
    assert "p02" not in ids(index.find(parse("reviewed:no")))


@pytest.mark.parametrize(
    ("kind", "target", "gone"),
    [
        ("panel", "opening", {"p01", "p02", "p03", "p04", "p05"}),
        ("speaker", "producer", {"p03", "p04", "p05"}),
        ("passage", "p08", {"p08"}),
    ],
)
def test_what_is_withheld_is_gone_at_once_for_all_but_editors(
    archive: Archive, kind: str, target: str, gone: set[str]
) -> None:
    index = SearchIndex.open(archive, embed)
    everything = SearchQuery("ethics storyboard 倫理 윤리 guion", limit=50)
    before = ids(index.find(everything))
    assert gone & set(before)
    restrict(archive, kind, target, reason="asked for", by="Aki")
    for query in (everything, SearchQuery(limit=50)):
        shown = index.find(query)
        assert not set(ids(shown)) & gone
        assert shown.total == len(ids(shown))
        assert gone & set(ids(index.find(query, restricted=True)))
    assert not {hit.passage_id for hit in index.more_like("p07", limit=50)} & gone
    assert not {each.passage.id for each in index.neighbours("p07", 5, 5)} & gone
    assert all(index.neighbours(passage_id) == () for passage_id in gone)
    lift(archive, kind, target, by="Aki")
    assert ids(index.find(everything)) == before


# Many at once


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(tmp_path / "box", create=True) as fresh:
        yield fill(fresh)


def test_many_threads_search_while_the_archive_changes(written: Archive) -> None:
    index = SearchIndex.open(written, embed)
    queries = [
        parse(text)
        for text in ("倫理", "영화", "فیلم‌نامه", "guion", "storyboard", '"AI倫理"', "theme:ethics")
    ]
    done = threading.Event()

    def search(query: SearchQuery) -> set[str]:
        found: set[str] = set()
        while not done.is_set():
            found |= set(ids(index.find(query)))
        return found

    with ThreadPoolExecutor(len(queries)) as threads:
        running = [threads.submit(search, query) for query in queries]
        try:
            for without in (("p02",), (), ("p05",), ()):
                written.keep(recording("rec-1"), layers("rec-1", without=without), STAGES)
                index.find(SearchQuery("ethics"))
        finally:
            done.set()
        for each in running:
            assert each.result() <= {line[1] for line in SCRIPT}


def test_no_search_is_answered_from_before_a_change(
    written: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while another thread has the index follow that change."""
    written.keep(recording("rec-1"), layers("rec-1", without=("p01",)), STAGES)
    index = SearchIndex.open(written)
    index.refresh()
    written.keep(recording("rec-1"), layers("rec-1"), STAGES)
    read, answers = PassageIndex._read, []
    with ThreadPoolExecutor(1) as other:

        def slowly(self: PassageIndex) -> Lookup:
            answers.append(other.submit(index.find, SearchQuery("倫理", mode="words")))
            wait(answers, timeout=1)
            return read(self)

        monkeypatch.setattr(PassageIndex, "_read", slowly)
        index.refresh()
    assert [ids(each.result()) for each in answers] == [["p01"]]


def test_analysers_serve_many_threads() -> None:
    texts = [(f"{text} {n}", language) for n in range(40) for _, _, _, language, text, _, _ in SCRIPT]
    expected = [words(*each) for each in texts]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda each: words(*each), texts)) == expected


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=40))
def test_whatever_is_typed_gives_results(index: SearchIndex, typed: str) -> None:
    results = index.find(parse(typed))
    assert results.total >= len(results.hits)
    for hit in results.hits:
        for text, marks in (
            (hit.entry.passage.text, hit.text_marks),
            (hit.entry.translation or "", hit.translation_marks),
        ):
            assert all(0 <= start < end <= len(text) for start, end in marks)
            assert all(end < after for (_, end), (after, _) in pairwise(marks))
