"""Search: one query over words and meaning, in any of the archive's languages.

Two streams of evidence are fused: BM25 over words analysed by language, in the
source and in translation, and the cosine of multilingual embeddings. What is
found comes from the archive, never from the index alone.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Self

import numpy as np
from sqlalchemy import Connection, select

from transcripts import entries
from transcripts.analysis import coverage, query_forms, query_words, read_ahead, scripts_sought, tokens
from transcripts.archive import Archive
from transcripts.errors import ModelError
from transcripts.facets import facets, panels_by_time
from transcripts.folding import persian_letters
from transcripts.holdings import Conference, Entry, Selection
from transcripts.index import PassageIndex
from transcripts.index_columns import Positions
from transcripts.index_filters import Filter, Withheld, filter_of, withheld
from transcripts.index_lookup import NOTHING, Lookup, QueryVector, Ranking
from transcripts.phrases import phrase_writing, writing
from transcripts.query import Notice, SearchQuery
from transcripts.query_names import Heard, resolve
from transcripts.ranking import MEANING, NEAREST, WEAKEST_WORDS, WORDS, Ranked, fused
from transcripts.results import Hit, Results, marked
from transcripts.schema import readings
from transcripts.withheld import unseen_panels

Embed = Callable[[str], QueryVector]  # the vector of a query, shape (dim,)

_KEPT_VECTORS = 500  # of the latest queries: the next page needs the same one
_DEEPEST = 6_400  # passages by meaning, among which those that are wanted are looked for
_KINDS = {WORDS: ("words",), MEANING: ("meaning",), WORDS | MEANING: ("words", "meaning")}


class SearchIndex:
    """Searching one archive. Any number of threads may."""

    def __init__(self, archive: Archive, embed: Embed | None = None) -> None:
        self._archive = archive
        self._index = PassageIndex(archive)
        self._embed = embed
        self._vectors: OrderedDict[str, QueryVector] = OrderedDict()
        self._one_embedder = threading.Lock()
        self._beside = ThreadPoolExecutor(thread_name_prefix="meaning")
        self._all_heard: tuple[Lookup, Heard] | None = None  # where nothing is withheld

    @classmethod
    def open(cls, archive: Archive, embed: Embed | None = None) -> Self:
        """The archive's index; it is brought up to date by the first search, or by `refresh`.

        `embed` gives a query's vector by the model that embedded the archive; without it,
        meaning is left out.
        """
        return cls(archive, embed)

    def refresh(self) -> None:
        """Bring the index up to the archive's revision. Raises ArchiveError."""
        self._index.refresh()

    def rebuild(self) -> None:
        """Make the index anew from the archive. Raises ArchiveError."""
        self._index.rebuild()

    def find(self, query: SearchQuery, *, restricted: bool = False) -> Results:
        """A page of what the archive has on a query, with how the hits are spread.

        `restricted` takes what is withheld too, for editors. Unknown themes, speakers,
        panels, names and languages find nothing, and a notice says so. Raises ArchiveError when
        the index cannot be made.
        """
        hidden = self._hidden(restricted)
        conferences = self._conferences(hidden, bool(query.panels), restricted)
        more: tuple[Notice, ...] = ()
        if query.sought and query.mode != "words" and self._embed is None and self._archive.embedding_model():
            more = (Notice("no-meaning"),)

        def find(lookup: Lookup) -> Results:
            by_heard = query.languages or query.speakers or query.themes
            heard = self._heard(lookup, conferences, hidden) if by_heard else Heard()
            resolved = resolve(query, conferences, heard, restricted=restricted)
            filter_ = filter_of(resolved.selection, conferences, hidden)
            ranked = self._ranked(lookup, query, filter_)
            if query.sort == "time" or not query.sought:
                panels = panels_by_time(conferences)
                ranked = ranked.in_order(lookup.columns.by_time(ranked.positions, panels))
            hits = self._page(lookup, ranked, query, Selection(restricted=restricted))
            counts = facets(lookup.columns, ranked.positions, conferences)
            notices = (*query.notices, *resolved.notices, *more)
            return Results(hits, len(ranked.positions), counts, notices)

        return self._index.look_up(find)

    def _hidden(self, restricted: bool) -> Withheld:
        """What is withheld from the reader; nothing from editors."""
        if restricted:
            return Withheld()
        with self._archive.reading() as connection:
            return withheld(connection)

    def _conferences(self, hidden: Withheld, panels_named: bool, restricted: bool) -> tuple[Conference, ...]:
        """The conferences without what is withheld, so that nothing names it."""
        conferences, unseen = self._archive.conferences(), hidden.panels
        if panels_named and not restricted:
            with self._archive.reading() as connection:
                unseen |= unseen_panels(connection)
        if not unseen and not hidden.speakers:
            return conferences
        return tuple(
            replace(
                each,
                panels=tuple(panel for panel in each.panels if panel.id not in unseen),
                speakers=tuple(who for who in each.speakers if who.id not in hidden.speakers),
                glossary=tuple(entry for entry in each.glossary if entry["id"] not in hidden.speakers),
            )
            for each in conferences
        )

    def more_like(self, passage_id: str, limit: int = 10, *, restricted: bool = False) -> tuple[Hit, ...]:
        """The passages nearest in meaning to a passage, in any language; none if it has no embedding."""
        selection = Selection(restricted=restricted)
        filter_ = filter_of(selection, self._archive.conferences(), self._hidden(restricted))

        def find(lookup: Lookup) -> tuple[Hit, ...]:
            at = lookup.columns.position_of(passage_id)
            if (
                at is None
                or not lookup.embedded
                or passage_id not in self._archive.entries_by_id([passage_id], selection)
            ):
                return ()
            itself = np.array([at])
            near = lookup.by_meaning(lookup.vectors(itself)[0], filter_, limit + 1).without(itself)
            return self._page(lookup, Ranked.of(near, MEANING), SearchQuery(limit=limit), selection)

        return self._index.look_up(find)

    def neighbours(
        self, passage_id: str, before: int = 2, after: int = 2, *, restricted: bool = False
    ) -> tuple[Entry, ...]:
        """A passage between those said before and after it; none if the archive has no such passage."""
        selection = Selection(restricted=restricted)
        with self._archive.reading() as connection:
            ids = _ids_around(connection, passage_id, before, after)
            found = entries.entries_by_id(connection, ids, selection)
        return tuple(found.values()) if passage_id in found else ()

    def _heard(self, lookup: Lookup, conferences: Sequence[Conference], hidden: Withheld) -> Heard:
        """What is heard in the passages that may be shown, so that no notice tells of others."""
        shown = filter_of(Selection(), conferences, hidden)
        if shown.clauses:
            return _heard_in(lookup, shown)
        if self._all_heard is None or self._all_heard[0] is not lookup:
            self._all_heard = lookup, _heard_in(lookup, shown)
        return self._all_heard[1]

    def _ranked(self, lookup: Lookup, query: SearchQuery, filter_: Filter) -> Ranked:
        """All hits, best first; without a text, in no order."""
        unwanted = self._unwanted(lookup, query, filter_)
        phrases = tuple(filter(phrase_writing, query.phrases))
        if phrases or not query.sought:
            selected = np.setdiff1d(lookup.matching(filter_), unwanted, assume_unique=True)
            if phrases:
                selected = lookup.with_phrases(phrases, selected)
            if not query.sought:
                return Ranked.unscored(selected)
            filter_, unwanted = lookup.narrowed(selected, filter_)
        words = meaning = NOTHING
        has_meaning = query.mode != "words" and self._embed is not None and lookup.embedded
        near = (
            self._beside.submit(self._near, lookup, query.sought, filter_, unwanted) if has_meaning else None
        )
        if query.mode != "meaning":  # while another thread looks for the meaning
            weakest = 0.0 if len(unwanted) else _weakest(query)  # the best may be unwanted
            words = lookup.by_words(query_words(query.sought), filter_, weakest).without(unwanted)
        is_hybrid, best = query.mode == "hybrid", frozenset[str]()
        if is_hybrid and len(words.positions):
            best = self._tokens(lookup.columns.ids(words.positions[:1])[0], query.sought)
        if near:
            meaning = near.result()
        if is_hybrid:
            ranked = fused(words, meaning, lookup.columns, coverage(query.sought, best))
        else:
            ranked = Ranked.of(words, WORDS) if query.mode == "words" else Ranked.of(meaning, MEANING)
        if phrases:  # whatever has them is found
            ranked = ranked.with_others(selected, WORDS)
        return ranked

    def _tokens(self, passage_id: str, sought: str) -> frozenset[str]:
        """The tokens of a passage in the scripts of a query, in source and translation."""
        with self._archive.reading() as connection:
            read = entries.wordings(connection, [passage_id])
        scripts = scripts_sought(sought)
        return frozenset(
            token.text
            for wording in read.values()
            for text, language in wording
            for token in tokens(text, language, scripts)
        )

    def _unwanted(self, lookup: Lookup, query: SearchQuery, where: Filter) -> Positions:
        """What a filter takes and has an excluded word or phrase, in source or translation."""
        found = [lookup.containing([form for each in query.excluded for form in query_forms(each)])]
        if phrases := tuple(filter(phrase_writing, query.excluded_phrases)):
            found.append(lookup.with_any_phrase(phrases, lookup.matching(where)))
        for phrase in phrases:
            rows = lookup.containing(query_forms(phrase))
            found.append(self._translated_so(lookup, phrase_writing(phrase), rows))
        return np.unique(np.concatenate(found))

    def _translated_so(self, lookup: Lookup, written: str, rows: Positions) -> Positions:
        """Those of the rows in whose translation a phrase stands; the index knows how sources are written."""
        ids = lookup.columns.ids(rows)
        with self._archive.reading() as connection:
            read = entries.wordings(connection, ids)
        has = {each for each, wording in read.items() if written in writing(wording.translation[0])}
        return rows[[passage_id in has for passage_id in ids]]

    def _near(self, lookup: Lookup, text: str, filter_: Filter, unwanted: Positions) -> Ranking:
        """The passages nearest in meaning to a query that are not unwanted."""
        vector, depth = self._vector(lookup, text), NEAREST
        while True:
            found = lookup.by_query(vector, text, filter_, depth)
            near = found.without(unwanted)
            if len(near.positions) >= NEAREST or len(found.positions) < depth or depth >= _DEEPEST:
                return near.first(NEAREST)
            depth *= 4

    def _vector(self, lookup: Lookup, text: str) -> QueryVector:
        """The vector of a query; models serve one thread at a time."""
        assert self._embed is not None
        if "ar" not in lookup.columns.values["language"]:
            text = persian_letters(text)
        with self._one_embedder:
            if text not in self._vectors:
                try:
                    self._vectors[text] = self._embed(text)
                except (RuntimeError, OSError, ValueError) as error:  # as a damaged index raises
                    raise ModelError(
                        f"the query's meaning cannot be told ({error}): search by words (--mode words), or "
                        "free memory and try again"
                    ) from error
            self._vectors.move_to_end(text)
            if len(self._vectors) > _KEPT_VECTORS:
                self._vectors.popitem(last=False)
            return self._vectors[text]

    def _page(
        self, lookup: Lookup, ranked: Ranked, query: SearchQuery, selection: Selection
    ) -> tuple[Hit, ...]:
        """The hits that a query shows, as the archive has them now."""
        page = slice(query.offset, query.offset + query.limit)
        ids = lookup.columns.ids(ranked.positions[page])
        found = self._archive.entries_by_id(ids, selection)
        if "korean" in scripts_sought(query.sought):
            read_ahead(each.passage.text for each in found.values() if each.passage.language == "ko")
        return tuple(
            marked(found[passage_id], query, float(score), _KINDS.get(int(kind), ()))
            for passage_id, score, kind in zip(ids, ranked.scores[page], ranked.kinds[page], strict=True)
            if passage_id in found
        )


def _heard_in(lookup: Lookup, shown: Filter) -> Heard:
    rows = lookup.matching(shown)
    unnamed = rows[lookup.columns.having("speaker", {""}, rows)]
    return Heard(
        lookup.columns.counts("language", rows),
        lookup.columns.counts("speaker_label", unnamed).keys() - {""},
        lookup.columns.counts("themes", rows).keys(),
    )


def _ids_around(connection: Connection, passage_id: str, before: int, after: int) -> list[str]:
    """Passages of the same recording from some before to some after a passage."""
    its = readings.alias()
    near = readings.c.position.between(its.c.position - before, its.c.position + after)
    same = readings.join(its, its.c.recording_id == readings.c.recording_id)
    statement = select(readings.c.id).select_from(same).where(its.c.id == passage_id, near)
    return list(connection.execute(statement.order_by(readings.c.position)).scalars())


def _weakest(query: SearchQuery) -> float:
    """Down to which part of the best BM25 score word matches count."""
    return WEAKEST_WORDS if query.mode == "hybrid" else 0.0
