"""Themes: the file that defines them, the tagger that learns from it, the spaCy component."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes_meaning import WordEmbedder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp import theme_component
from nlp.clauses import ClauseOptions, clauses
from nlp.embeddings import EmbeddingOptions, Vectors, load_embedder
from nlp.skos import skos_document
from nlp.taxonomy import Remark, Taxonomy, Theme, load_taxonomy, packaged_themes
from nlp.theme_evidence import reasons, said_term, tag_passages
from nlp.themes import Tagger, TaggerOptions, load_tagger, tagger_signature
from nlp.weights import silent
from transcripts.errors import ConfigurationError
from transcripts.records import Clause, Embedding, Passage, Signature, Span


def remarks(*texts: str) -> tuple[Remark, ...]:
    return tuple(Remark("en", text) for text in texts)


TAXONOMY = Taxonomy(
    (
        Theme(
            "making",
            {"en": "Making", "ja": "作ること"},
            "To draw and to play.",
            remarks("we draw", "invent and play"),
        ),
        Theme(
            "owing", {"en": "Owing"}, "Consent.", remarks("my voice was stolen", "unfair, without consent")
        ),
        Theme("coming", {"en": "Coming"}, "Years to come.", remarks("in ten years", "soon, tomorrow")),
    ),
    remarks("lunch is downstairs", "thank you", "lunch, then coffee"),
)


@pytest.fixture
def tagger() -> Tagger:
    return load_tagger(TAXONOMY, WordEmbedder())


def assigned(tagger: Tagger, text: str) -> set[str]:
    (scores,) = tagger.score_texts([text])
    return {score.theme_id for score in scores if score.assigned}


# The tagger


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I draw, you draw", {"making"}),
        ("this is unfair: stolen, without consent", {"owing"}),
        ("we play and draw, soon, in years, tomorrow", {"making", "coming"}),
        ("lunch", set()),
        ("", set()),
        (" \n", set()),
    ],
)
def test_texts_get_the_themes_they_belong_to(tagger: Tagger, text: str, expected: set[str]) -> None:
    assert assigned(tagger, text) == expected


def test_scores_are_probabilities_for_every_theme(tagger: Tagger) -> None:
    scores = tagger.score_passages(WordEmbedder().passages(["draw", "consent", "lunch", "soon"]))
    assert scores.shape == (4, 3)
    assert ((scores >= 0.0) & (scores <= 1.0)).all()
    assert scores.argmax(axis=1).tolist()[:2] == [0, 1]
    np.testing.assert_array_equal(scores, np.round(scores, 4))


def test_no_texts_give_no_scores(tagger: Tagger) -> None:
    assert tagger.score_texts([]) == []
    assert tag_passages(tagger, [], [], []) == []


def test_passages_are_tagged_by_their_embeddings_alone(tagger: Tagger) -> None:
    vectors = WordEmbedder().passages(["draw, play", "lunch"])
    made_by = WordEmbedder.signature
    embeddings = [Embedding(f"p{n}", tuple(map(float, row)), made_by) for n, row in enumerate(vectors)]
    tags = tag_passages(tagger, [], embeddings, [])
    assert [(tag.passage_id, tag.theme_id, tag.assigned) for tag in tags] == [
        ("p0", "making", True),
        ("p0", "owing", False),
        ("p0", "coming", False),
        ("p1", "making", False),
        ("p1", "owing", False),
        ("p1", "coming", False),
    ]
    assert all(tag.signature == tagger.signature for tag in tags)


def evidence(tagger: Tagger, text: str) -> dict[str, tuple[str, str]]:
    """Of each assigned theme, the words that carry it and what they are like."""
    made_by = WordEmbedder.signature
    passage = Passage("p", "r", 0, Span(0.0, 9.0), None, "S1", "en", text)
    (vector,) = WordEmbedder().passages([text])
    bounds = clauses(text, "en", ClauseOptions())
    parts = WordEmbedder().passages([text[start:end] for start, end in bounds])
    tags = tag_passages(
        tagger,
        [passage],
        [Embedding("p", tuple(map(float, vector)), made_by)],
        [
            Clause("p", start, end, tuple(map(float, part)), made_by)
            for (start, end), part in zip(bounds, parts, strict=True)
        ],
    )
    return {tag.theme_id: (text[slice(*tag.evidence)], tag.nearest) for tag in tags if tag.evidence}


def test_an_assigned_theme_points_to_the_words_that_carry_it(tagger: Tagger) -> None:
    found = evidence(
        tagger, "Lunch was as good as ever here, they say. And then my voice was stolen, without any consent!"
    )
    assert list(found) == ["owing"]
    words, nearest = found["owing"]
    assert "stolen" in words
    assert "Lunch" not in words
    assert words == words.strip()
    assert nearest == "my voice was stolen"


def test_a_term_that_is_said_is_the_reason() -> None:
    owing = replace(TAXONOMY.themes[1], terms=(Remark("en", "Consent"), Remark("en", "fair")))
    taxonomy = replace(TAXONOMY, themes=(TAXONOMY.themes[0], owing, TAXONOMY.themes[2]))
    tagger = load_tagger(taxonomy, WordEmbedder())
    assert evidence(tagger, "My voice, stolen without my consent!")["owing"][1] == "Consent"
    assert evidence(tagger, "unfair, it was all stolen from me")["owing"][1] == "my voice was stolen"


@pytest.mark.parametrize(
    ("term", "text", "code", "said"),
    [
        ("著作権", "それは著作権の問題です", "ja", True),
        ("동의", "그분의 동의도 없이", "ko", True),
        ("رضایت", "بدون رضایت او", "fa", True),
        ("ética", "Una cuestión de ÉTICA.", "es", True),
        ("fair", "unfair", "en", False),
        ("fair", "fair", "es", False),
    ],
)
def test_terms_are_words_of_their_language(term: str, text: str, code: str, said: bool) -> None:
    told = "en" if term == "fair" else code
    theme = Theme("t", {"en": "T"}, "D", terms=(Remark(told, term),))
    assert said_term(theme, text, code) == (term if said else "")


def test_a_description_alone_makes_a_theme() -> None:
    bare = Taxonomy(tuple(replace(theme, examples=()) for theme in TAXONOMY.themes))
    assert assigned(load_tagger(bare, WordEmbedder()), "to draw, to play") == {"making"}


def test_the_threshold_decides(tagger: Tagger) -> None:
    strict = load_tagger(TAXONOMY, WordEmbedder(), TaggerOptions(threshold=0.99))
    assert assigned(strict, "draw") == set()
    with pytest.raises(ConfigurationError, match=r"threshold=1\.0"):
        TaggerOptions(threshold=1.0)


def test_the_signature_changes_with_whatever_changes_tags() -> None:
    embedding = WordEmbedder.signature
    before = tagger_signature(TAXONOMY, embedding)
    assert load_tagger(TAXONOMY, WordEmbedder()).signature == before
    renamed = replace(TAXONOMY.themes[0], names={"en": "Creating"})
    assert tagger_signature(replace(TAXONOMY, themes=(renamed, *TAXONOMY.themes[1:])), embedding) == before
    others = {
        tagger_signature(replace(TAXONOMY, background=()), embedding).digest,
        tagger_signature(TAXONOMY, Signature("another embedder")).digest,
        tagger_signature(TAXONOMY, embedding, TaggerOptions(threshold=0.6)).digest,
        before.digest,
    }
    assert len(others) == 4


# The themes file


def test_the_packaged_themes_are_whole() -> None:
    taxonomy = load_taxonomy(packaged_themes())
    assert taxonomy.ids == ("creativity", "ethics", "future")
    spoken = {"en", "ja", "fa", "es", "ko"}
    for theme in taxonomy.themes:
        assert set(theme.names) == spoken
        assert {remark.language for remark in theme.examples} == spoken
        assert {remark.language for remark in theme.counter_examples} == spoken
    assert {remark.language for remark in taxonomy.background} == spoken
    assert taxonomy.themes[2].name("fa") == "چشم‌انداز آیندهٔ سینمای هوش مصنوعی"
    assert taxonomy.themes[2].name("de") == "The Future Vision of AI Cinema"


VALID = """
version: 1
themes:
  - id: ethics
    names: {en: Ethics}
    description: What is owed.
    examples: {en: [Nobody asked me.]}
background:
  en: [Lunch is downstairs.]
"""


def test_a_small_file_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "themes.yaml"
    path.write_text(VALID, encoding="utf-8")
    taxonomy = load_taxonomy(path)
    assert taxonomy.themes == (
        Theme("ethics", {"en": "Ethics"}, "What is owed.", remarks("Nobody asked me.")),
    )
    assert taxonomy.background == remarks("Lunch is downstairs.")


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ("id: ethics", "id: et hics", r"themes\[0\]\.id: 'et hics' must be letters"),
        ("id: ethics", "id: 7", r"themes\[0\]\.id: 7 must be letters"),
        ("examples:", "exampels:", r"themes\[0\]: unknown key 'exampels'; did you mean 'examples'\?"),
        ("{en: Ethics}", "{es: Ética}", r"themes\[0\]\.names: an English name \(en\) is needed"),
        ("{en: Ethics}", "{en: Ethics, xx: X}", r"themes\[0\]\.names: unknown key 'xx'"),
        ("What is owed.", "", r"themes\[0\]\.description: must be a text"),
        ("[Nobody asked me.]", "Nobody asked me.", r"themes\[0\]\.examples\.en: must be a list of remarks"),
        (
            "[Nobody asked me.]",
            "[12, ' ']",
            r"examples\.en\[0\]: must be a text(.|\n)*examples\.en\[1\]: must be",
        ),
        ("version: 1", "version: 2", r"version: 2 is not known; write version: 1"),
        ("background:\n  en: [Lunch is downstairs.]", "", r"background: theme 'ethics' needs talk"),
        ("themes:", "thems:", r"unknown key 'thems'(.|\n)*themes: must be a list of one theme or more"),
        (VALID, "- a list", r"the file: must be a mapping"),
        (VALID, "", r"the file: must be a mapping"),
        ("{en: Ethics}", "{en: Ethics", r"is not valid YAML"),
        ("background:", "version: 1\nbackground:", r"is not valid YAML.*duplicate key"),
        ("version: 1", "version: 2025-13-01", r"is not valid YAML"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, change: str, to: str, said: str) -> None:
    path = tmp_path / "themes.yaml"
    assert change in VALID
    path.write_text(VALID.replace(change, to), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"(?s)themes\.yaml .*{said}"):
        load_taxonomy(path)


def test_a_theme_that_every_remark_belongs_to_is_told(tmp_path: Path) -> None:
    path = tmp_path / "themes.yaml"
    narrower = (
        "  - id: consent\n    names: {en: Consent}\n    description: What is owed.\n    broader: ethics\n"
    )
    everything = VALID.replace("[Lunch is downstairs.]", "[Nobody asked me.]")
    path.write_text(everything.replace("background:", f"{narrower}background:"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="background: theme 'ethics' needs talk"):
        load_taxonomy(path)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "themes.yaml"
    twice = VALID.replace(
        "background:", VALID[VALID.index("  - id") : VALID.index("background")] + "background:"
    )
    path.write_text(twice.replace("{en: Ethics}", "{}").replace("What is owed.", ""), encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        load_taxonomy(path)
    assert "themes[1].id: 'ethics' is already the id of themes[0]" in str(raised.value)
    assert str(raised.value).count("an English name") == 2
    assert str(raised.value).count("description") == 2


def test_how_themes_hang_together_is_read(tmp_path: Path) -> None:
    path = tmp_path / "themes.yaml"
    path.write_text(
        """
themes:
  - {id: work, names: {en: Work}, description: How it is done., colour: "#3366cc"}
  - id: pay
    names: {en: Pay, ja: 報酬}
    description: Who is paid.
    broader: work
    terms: {en: [wage], ja: [賃金]}
""",
        encoding="utf-8",
    )
    taxonomy = load_taxonomy(path)
    work, pay = taxonomy.themes
    assert (work.colour, pay.broader, taxonomy.narrower("work")) == ("#3366cc", "work", ("pay",))
    assert pay.terms == (Remark("en", "wage"), Remark("ja", "賃金"))
    shown = replace(taxonomy, themes=(replace(work, colour="#000000", names={"en": "Labour"}), pay))
    assert shown.digest == taxonomy.digest
    document = skos_document(taxonomy, "https://example.org/")
    concept = document["@graph"][2]
    assert concept["id"] == "https://example.org/pay"
    assert concept["skos:broader"] == [{"id": "https://example.org/work"}]
    assert {"@value": "報酬", "@language": "ja"} in concept["skos:prefLabel"]
    assert document["@graph"][0]["skos:hasTopConcept"] == [{"id": "https://example.org/work"}]


@pytest.mark.parametrize(
    ("broader", "told"),
    [
        ({"a": "b", "b": "a"}, "themes[0].broader: a > b > a is a circle"),
        ({"a": "a"}, "themes[0].broader: a > a is a circle"),
        ({"a": "bb"}, "themes[0].broader: there is no theme 'bb'; did you mean 'b'?"),
    ],
)
def test_themes_that_hang_in_the_air_are_told(tmp_path: Path, broader: dict[str, str], told: str) -> None:
    path = tmp_path / "themes.yaml"
    listed = [
        f"  - {{id: {name}, names: {{en: N}}, description: D, broader: {broader.get(name, '')!r}}}"
        for name in ("a", "b")
    ]
    path.write_text("themes:\n" + "\n".join(listed), encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        load_taxonomy(path)
    assert told in str(raised.value)


def test_a_colour_is_a_colour(tmp_path: Path) -> None:
    path = tmp_path / "themes.yaml"
    path.write_text("themes: [{id: a, names: {en: N}, description: D, colour: red}]", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"colour: 'red' must be a colour such as '#3366cc'"):
        load_taxonomy(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_taxonomy(tmp_path / "none.yaml")


# The spaCy component


@pytest.fixture
def blank(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A blank pipeline of anyone, with the component found as its entry point is: by name."""
    import spacy

    monkeypatch.setattr(theme_component, "load_embedder", lambda options, notify: WordEmbedder())
    monkeypatch.setattr(theme_component, "load_taxonomy", lambda path: TAXONOMY)
    assert callable(theme_component.make_theme_tagger)
    return spacy.blank("en")


def test_the_component_writes_themes_to_docs(blank: Any) -> None:
    blank.add_pipe("theme_tagger")
    doc = blank("we draw")
    assert [(theme.theme_id, theme.assigned) for theme in doc._.themes] == [
        ("making", True),
        ("owing", False),
        ("coming", False),
    ]
    assert blank.get_pipe_meta("theme_tagger").assigns == ["doc._.themes", "doc.spans"]


def test_the_component_tags_a_stream_as_it_tags_one_by_one(blank: Any) -> None:
    blank.add_pipe("theme_tagger", config={"threshold": 0.6})
    texts = ["draw", "lunch", "", "stolen consent", "soon", "play tomorrow"]
    streamed = [doc._.themes for doc in blank.pipe(texts, batch_size=2)]
    assert streamed == [blank(text)._.themes for text in texts]


def test_the_component_marks_the_words_that_carry_a_theme(blank: Any) -> None:
    blank.add_pipe("theme_tagger")
    doc = blank(
        "Lunch was as good as ever here, they say. And then my voice was stolen, without any consent!"
    )
    (span,) = doc.spans["themes"]
    assert span.label_ == "owing"
    assert "stolen" in span.text
    assert "Lunch" not in span.text


def test_the_component_comes_back_from_disk_as_it_was(blank: Any, tmp_path: Path) -> None:
    import spacy

    blank.add_pipe("theme_tagger", config={"threshold": 0.6})
    blank.to_disk(tmp_path / "pipeline")
    again = spacy.load(tmp_path / "pipeline")
    for text in ("we draw", "lunch", "stolen, without consent"):
        assert again(text)._.themes == blank(text)._.themes
    component: Any = blank.get_pipe("theme_tagger")
    kept: Any = again.get_pipe("theme_tagger")
    assert component.from_bytes(component.to_bytes()).tagger.scorer == kept.tagger.scorer


def test_a_component_that_is_not_whole_is_told(blank: Any, tmp_path: Path) -> None:
    component = blank.add_pipe("theme_tagger")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        component.from_disk(tmp_path)
    with pytest.raises(ConfigurationError, match="save the pipeline again"):
        component.from_bytes(b"{}")


def test_predicting_changes_nothing(blank: Any) -> None:
    component = blank.add_pipe("theme_tagger")
    doc = blank.make_doc("we draw")
    (scores,) = component.predict([doc])
    assert doc._.themes == ()
    component.annotate([doc], [scores])
    assert doc._.themes == scores


def test_a_batch_of_docs_is_embedded_in_two_goes(blank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The docs, and then the clauses of those that have a theme."""
    calls: list[int] = []
    plain = WordEmbedder.passages

    def counted(self: WordEmbedder, texts: Sequence[str]) -> Vectors:
        calls.append(len(texts))
        return plain(self, texts)

    component = blank.add_pipe("theme_tagger")
    monkeypatch.setattr(WordEmbedder, "passages", counted)
    texts = ["we draw", "lunch", "stolen, without consent", "", ""] * 4
    docs = list(component.pipe(map(blank.make_doc, texts), batch_size=10))
    assert [[span.text for span in doc.spans["themes"]] for doc in docs[:3]] == [
        ["we draw"],
        [],
        ["stolen, without consent"],
    ]
    assert [size for size in calls if size >= 4] == [
        10,
        4,
        10,
        4,
    ]  # the others are the themes' examples, once
    assert len(calls) <= 4 + 3


@pytest.mark.parametrize("text", ["\ud800", "a\x00b", "\u200fdraw\u200e", "draw " * 2000, "夜draw밤", "،،،"])
def test_odd_texts_are_tagged_with_reasons_that_lie_in_them(tagger: Tagger, text: str) -> None:
    scores = tagger.score_texts([text])
    (why,) = reasons(tagger, [(text, "fa")], scores)
    assert all(0 <= each.start <= each.end <= len(text) for each in why.values())
    assert set(why) == {each.theme_id for each in scores[0] if each.assigned}


def test_themes_that_lead_into_a_circle_are_told_of_the_circle_alone(tmp_path: Path) -> None:
    path = tmp_path / "themes.yaml"
    parts = {"a": "b", "b": "c", "c": "d", "d": "b"}
    listed = [
        f"  - {{id: {one}, names: {{en: N}}, description: D, broader: {up}}}" for one, up in parts.items()
    ]
    path.write_text("themes:\n" + "\n".join(listed), encoding="utf-8")
    with pytest.raises(ConfigurationError) as told:
        load_taxonomy(path)
    assert "themes[0]" not in str(told.value)
    assert "themes[1].broader: b > c > d > b is a circle" in str(told.value)


KEYS = [
    "themes",
    "id",
    "names",
    "en",
    "xx",
    "description",
    "examples",
    "terms",
    "broader",
    "colour",
    "version",
]
PLAIN = st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab é한#-\u200f", max_size=5)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        PLAIN,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
        max_leaves=12,
    )
)
def test_whatever_is_no_taxonomy_is_told_in_words(tmp_path: Path, held: Any) -> None:
    path = tmp_path / "themes.yaml"
    path.write_text(json.dumps(held), encoding="utf-8")  # JSON is YAML
    with pytest.raises(ConfigurationError, match="is not a valid themes file"):
        load_taxonomy(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe", "is not valid YAML"),
        (b"themes: &a [*a]", "must be a mapping|is not valid YAML"),
        (b"a: !!python/object:os.system x", "is not valid YAML"),
    ],
)
def test_files_that_are_no_themes_are_told(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "themes.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=told):
        load_taxonomy(path)


def test_importing_themes_imports_no_spacy() -> None:
    import subprocess
    import sys

    program = "import sys, nlp.theme_component; print('spacy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    with pytest.raises(AttributeError, match="no attribute 'make_tagger'"):
        theme_component.make_tagger  # noqa: B018


@pytest.mark.model
def test_the_packaged_themes_tell_remarks_apart_in_five_languages() -> None:
    tagger = load_tagger(load_taxonomy(packaged_themes()), load_embedder(EmbeddingOptions(), silent))
    for text, expected in {
        "The program suggests a melody, I change it, and out of that game come ideas for the scene.": {
            "creativity"
        },
        "私の顔が、許可なく広告に使われていました。": {"ethics"},
        "در آینده هر تماشاگر داستان خودش را می‌سازد.": {"future"},
        "Copiaron mi voz sin preguntarme y nadie me pagó.": {"ethics"},
        "안내 말씀 드립니다. 잃어버린 지갑은 접수처에 있습니다.": set(),
        "Tea is served in the garden, and the shuttle leaves at six.": set(),
    }.items():
        assert assigned(tagger, text) == expected, text
