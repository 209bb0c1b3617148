"""Search: one query over words and meaning, in any of the archive's languages.

Two streams of evidence are fused by reciprocal rank: BM25 over words analysed
by language, in the source and in translation, and the cosine of multilingual
embeddings. What is found comes from the archive, never from the index alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self, TypedDict, get_args

from transcripts.analysis import query_words
from transcripts.archive import Archive
from transcripts.errors import SymposiaError
from transcripts.holdings import Entry, Selection
from transcripts.index import PassageIndex, QueryVector

Mode = Literal["hybrid", "words", "meaning"]
Embed = Callable[[str], QueryVector]  # the vector of a query, shape (dim,)

RANK_OFFSET = 60  # of reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009)
# Beside meaning, word matches count from this part of the best BM25 score on: below it lie passages that
# share only common words with the query (0.3 to 0.5 did best on 15 cross-lingual queries).
WEAKEST_WORDS = 0.4
DEPTH = 100  # passages that each stream brings at least


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is looked for. Without a text, everything that the filters take, by time.

    `theme` is an id or a name, `speaker` an id, a name or a voice's label (as
    'S2'), `panel` an id or a title, `language` a code; case matters in labels
    only. None takes all.
    """

    text: str = ""
    theme: str | None = None
    language: str | None = None
    speaker: str | None = None
    panel: str | None = None
    mode: Mode = "hybrid"
    limit: int = 10

    def __post_init__(self) -> None:
        for name in ("text", "theme", "language", "speaker", "panel"):
            if (value := getattr(self, name)) is not None:  # bytes of a terminal that are no UTF-8
                object.__setattr__(self, name, value.encode("utf-8", "replace").decode())
        if self.mode not in get_args(Mode):
            raise SymposiaError(f"'{self.mode}' is no way to search; take one of {', '.join(get_args(Mode))}")
        if self.limit < 1:
            raise SymposiaError(f"a search shows at least 1 passage, not {self.limit}")


class HitTheme(TypedDict):
    """An assigned theme of a hit."""

    id: str
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found; its fields are those of `symposia search --format json`.

    `score` is BM25 in mode 'words', the cosine in mode 'meaning' and the fused
    reciprocal ranks in mode 'hybrid': higher is better, within one search only.
    `speaker` is the name, else the voice's label, else None. `matched_by` holds
    'words', 'meaning', both, or nothing where nothing was searched for.
    """

    passage_id: str
    panel: str
    recording: str
    start_s: float
    end_s: float
    speaker: str | None
    language: str
    text: str
    translation: str | None
    themes: tuple[HitTheme, ...]
    score: float
    matched_by: tuple[str, ...]


class SearchIndex:
    """Searching one archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._index = PassageIndex(archive)

    @classmethod
    def open(cls, archive: Archive) -> Self:
        """The archive's index; it is brought up to date by the first search, or by `refresh`."""
        return cls(archive)

    def refresh(self) -> None:
        """Bring the index up to the archive's revision. Raises ArchiveError."""
        self._index.refresh()

    def rebuild(self) -> None:
        """Make the index anew from the archive. Raises ArchiveError."""
        self._index.rebuild()

    def search(self, query: SearchQuery, embed: Embed | None = None) -> list[Hit]:
        """What the archive has on a query, best first.

        `embed` gives a query's vector by the model that embedded the archive;
        without it, meaning is left out. Unknown themes, speakers and panels find
        nothing. Raises ArchiveError when the index cannot be made.
        """
        selection = self._selection(query)
        if not query.text.strip():
            return [_hit(entry, 0.0, ()) for entry in self._archive.entries(selection, limit=query.limit)]
        self._index.refresh()
        streams = self._streams(query, embed, selection)
        ranked = _fused(streams)
        found = self._archive.entries_by_id(list(ranked), selection)
        hits = [
            _hit(found[passage_id], score, tuple(name for name in streams if passage_id in streams[name]))
            for passage_id, score in ranked.items()
            if passage_id in found
        ]
        return hits[: query.limit]

    def _streams(
        self, query: SearchQuery, embed: Embed | None, selection: Selection
    ) -> dict[str, dict[str, float]]:
        """Scores by passage id, best first, of each kind of evidence."""
        depth = max(DEPTH, 3 * query.limit)
        streams: dict[str, dict[str, float]] = {}
        if query.mode != "meaning":
            streams["words"] = dict(self._index.by_words(query_words(query.text), selection, depth))
        if query.mode != "words" and embed is not None:
            streams["meaning"] = dict(self._index.by_meaning(embed(query.text), selection, depth))
        if len(streams) > 1:
            best = max(streams["words"].values(), default=0.0)
            strong = {p: score for p, score in streams["words"].items() if score >= WEAKEST_WORDS * best}
            streams["words"] = strong
        return streams

    def _selection(self, query: SearchQuery) -> Selection:
        """The ids that a query's names stand for; no ids where nothing has the name."""
        if not (query.theme or query.speaker or query.panel or query.language):
            return Selection()
        conferences = self._archive.conferences()
        asked = {name: (getattr(query, name) or "").casefold() for name in ("theme", "speaker", "panel")}
        themes = {t.id for c in conferences for t in c.themes if asked["theme"] in _names(t.id, t.name)}
        speakers = {
            (c.id, s.id) for c in conferences for s in c.speakers if asked["speaker"] in _names(s.id, s.name)
        }
        panels = {p.id for c in conferences for p in c.panels if asked["panel"] in _names(p.id, p.title)}
        return Selection(
            languages=frozenset({query.language.casefold()}) if query.language else None,
            panels=frozenset(panels) if query.panel else None,
            themes=frozenset(themes) if query.theme else None,
            speakers=frozenset(speakers) if query.speaker else None,
            speaker_label=query.speaker or "",
        )


def _names(*names: str) -> set[str]:
    return {name.casefold() for name in names}


def _fused(streams: dict[str, dict[str, float]]) -> dict[str, float]:
    """One ranking of all streams; a single stream keeps its scores."""
    if len(streams) < 2:
        return next(iter(streams.values()), {})
    scores: defaultdict[str, float] = defaultdict(float)
    for stream in streams.values():
        for rank, passage_id in enumerate(stream, start=1):
            scores[passage_id] += 1 / (RANK_OFFSET + rank)
    words = streams["words"]  # of two passages at the same rank of one stream, the one with the words
    return dict(sorted(scores.items(), key=lambda hit: (-hit[1], -words.get(hit[0], 0.0), hit[0])))


def _hit(entry: Entry, score: float, matched_by: tuple[str, ...]) -> Hit:
    passage = entry.passage
    return Hit(
        passage_id=passage.id,
        panel=entry.panel_id,
        recording=passage.recording_id,
        start_s=passage.span.start_s,
        end_s=passage.span.end_s,
        speaker=entry.speaker or None,
        language=passage.language,
        text=passage.text,
        translation=entry.translation,
        themes=tuple(HitTheme(id=theme, score=theme_score) for theme, theme_score in entry.themes),
        score=score,
        matched_by=matched_by,
    )
