"""Names in passages: people, films, organisations and places that the conference knows.

spaCy's span ruler looks for every written form, letter by letter: Japanese has no blanks between
words, Korean joins particles to a name, and Persian joins with a blank, a non-joiner or nothing.
What it finds is a name only where it stands by itself. Statistical pipelines of spaCy that are
installed mark further names, which refer to nobody in particular.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, NamedTuple

import regex

from nlp.languages import LANGUAGES, language, script_shares
from nlp.spelling import TWINS
from nlp.windows import ATTACHED, IDEOGRAPHS, dictionary_words
from transcripts.errors import ModelError
from transcripts.records import NameMention, Passage, Signature

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

RULES = 1  # raised whenever the same names would be marked otherwise
SPEAKER = "speaker"  # the kind of a name whose target is a speaker of the conference
SPANS = "names"  # key of doc.spans: all that the ruler finds
# Written in a name or left out, as people like: blanks, hyphens, points between foreign words, non-joiners.
LOOSE = r"[\s\p{Cf}\p{Pd}・･·=＝ـ'’]"
LETTER = regex.compile(rf"\X{LOOSE}*")
LOOSE_END = regex.compile(rf"{LOOSE}+$")
BREAK = regex.compile(rf"{LOOSE}+")
MARKS = regex.compile(r"(?<=[\p{Latin}\p{Greek}\p{Cyrillic}\p{Arabic}\p{Hebrew}])\p{Mn}+")
WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
UNSPACED_RUN = regex.compile(r"[\p{Katakana}ー]+|[\p{Latin}\p{M}\p{N}]+")
# What else is written after a name without a blank, besides `nlp.windows.ATTACHED`.
ALSO_ATTACHED = {
    "ko": regex.compile(
        "(?<=..)(?:감독|감독님|교수|교수님|선생님|배우|작가|대표|인|란|이란|이며|이고|이자|인데|이지만|조차|마저|밖에|"
        "뿐|로서|으로서|로부터|으로부터|같은|에선|에겐|라는|라서|이라서|라도|이라도|죠|이죠|여|이여|이었던|였던|"
        "이었다|였다|이었습니다|였습니다|이었어요|였어요)$"
    ),
    "fa": regex.compile("(?<=...)(?:را|مان|تان|شان)$"),
}
KINDS_OF_LABELS = {
    **dict.fromkeys(("PERSON", "PER", "PS"), "person"),
    **dict.fromkeys(("ORG", "OG"), "organisation"),
    **dict.fromkeys(("GPE", "LOC", "LC", "FAC"), "place"),
    "WORK_OF_ART": "work",
}
SIZES = ("trf", "lg", "md", "sm")  # of spaCy's pipelines, best first


@dataclass(frozen=True, slots=True)
class KnownName:
    """Somebody or something that the conference names, in its written forms by language code.

    Forms under the code '' are looked for in every language. `kind` is 'person', 'film',
    'organisation', 'place', or 'speaker' where `id` is a speaker's.
    """

    id: str
    kind: str
    forms: Mapping[str, Sequence[str]]


class Mention(NamedTuple):
    """A name in a text, from one character to another; `target_id` is '' where it is not known whose."""

    start: int
    end: int
    kind: str
    target_id: str = ""


class NameMarker:
    """Finds names in texts of any language."""

    def __init__(self, names: Sequence[KnownName], models: Mapping[str, str] | None = None) -> None:
        """`models` are spaCy pipelines that mark names, by language code: names or folders."""
        self.names = tuple(names)
        self.models = dict(models or {})
        self.signature = names_signature(self.models)
        self._rulers: dict[str, _Ruler] = {}
        self._pipelines: dict[str, Language] = {}

    def mark(self, text: str, code: str) -> list[Mention]:
        """The names in a text, in order, none overlapping; known ones go before all others."""
        if not text.strip():
            return []
        known = self._ruler(code).found(_without_surrogates(text)) if self.names else []
        taken = {at for each in known for at in range(each.start, each.end)}
        others = [each for each in self._others(text, code) if taken.isdisjoint(range(each.start, each.end))]
        return sorted([*known, *others])

    def _ruler(self, code: str) -> _Ruler:
        if code not in self._rulers:
            self._rulers[code] = _Ruler(self.names, code)
        return self._rulers[code]

    def _others(self, text: str, code: str) -> Iterator[Mention]:
        """What an installed pipeline of the language takes for names."""
        if code not in self.models:
            return
        if code not in self._pipelines:
            self._pipelines[code] = _load_pipeline(self.models[code], code)
        for found in self._pipelines[code](_without_surrogates(text)).ents:
            if kind := KINDS_OF_LABELS.get(found.label_):
                yield Mention(found.start_char, found.end_char, kind)


class _Ruler:
    """The names that may be written in a text of one language."""

    def __init__(self, names: Sequence[KnownName], code: str) -> None:
        import spacy

        self._code = code
        self._forms = [(name, form) for name in names for form in forms_in(name, code)]
        self._nlp = spacy.blank("xx")
        self._nlp.tokenizer = _letters_of(self._nlp)
        config = {"spans_key": SPANS, "phrase_matcher_attr": "NORM", "annotate_ents": False}
        ruler = self._nlp.add_pipe("span_ruler", config=config)
        patterns = [
            {"label": name.kind, "pattern": form.strip(), "id": str(number)}
            for number, (name, form) in enumerate(self._forms)
        ]
        ruler.add_patterns(patterns)  # type: ignore[attr-defined]

    def found(self, text: str) -> list[Mention]:
        doc = self._nlp(text)
        cuts = _cuts(text, self._code)
        held: list[tuple[int, Mention]] = []
        for span in doc.spans[SPANS]:
            name, form = self._forms[int(span.id_)]
            start, end = _bounds(span)
            whole = _stands_alone(text, start, end, self._code) and not {start, end} & cuts
            if whole and _written_alike(text[start:end], form):
                held.append((int(span.id_), Mention(start, end, name.kind, name.id)))
        # the longest first, then the first in the conference's file
        held.sort(key=lambda each: (each[1].start - each[1].end, each[1].start, each[0]))
        kept: list[Mention] = []
        for _, mention in held:
            if all(mention.end <= other.start or other.end <= mention.start for other in kept):
                kept.append(mention)
        return sorted(kept)


def forms_in(name: KnownName, code: str) -> list[str]:
    """How a name may be written in a text of a language.

    In the language's own forms, in those of another script or of several words, which are no
    word of the language by chance, and in all where it has none.
    """
    own = [*name.forms.get("", ()), *name.forms.get(code, ())]
    script = language(code).script
    for other, forms in name.forms.items():
        for form in forms:
            shares = script_shares(form)
            foreign = script not in shares and not (script == "Japanese" and "Han" in shares)
            several = BREAK.search(form.strip())
            if other not in ("", code) and (foreign or several or code not in name.forms):
                own.append(form)
    return list(dict.fromkeys(form for form in own if WORD.search(form)))


def _letters_of(nlp: Language) -> type:
    """A tokenizer whose tokens are letters, each with what may be left out after it."""
    from spacy.tokens import Doc

    def tokens(text: str) -> Doc:
        words = LETTER.findall(text)
        doc = Doc(nlp.vocab, words=words, spaces=[False] * len(words))
        for token, word in zip(doc, words, strict=True):
            token.norm_ = folded(LOOSE_END.sub("", word) or word)
        return doc

    return tokens  # type: ignore[return-value]


@lru_cache(maxsize=8192)
def folded(letter: str) -> str:
    """A letter without width, case, accents, Arabic vowel marks and Arabic twins of Persian letters."""
    apart = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", letter).casefold())
    return unicodedata.normalize("NFC", MARKS.sub("", apart)).translate(TWINS) or letter


def _bounds(span: Span) -> tuple[int, int]:
    """The characters of a match, without what may be left out after its last letter."""
    return span.start_char, span.start_char + len(LOOSE_END.sub("", span.text))


def _stands_alone(text: str, start: int, end: int, code: str) -> bool:
    """Whether no word goes on before or after, but for what a language joins to its names."""
    if not language(code).spaced:
        return True
    if start and WORD.fullmatch(text[start - 1]):
        return False
    rest = WORD.match(text, end)
    name, ending = (
        unicodedata.normalize("NFC", part) for part in (text[start:end], rest.group() if rest else "")
    )
    return _ends(name + ending, len(name), code)


def _ends(word: str, length: int, code: str) -> bool:
    """Whether nothing but a name of this length is left once all that is attached to it is taken off."""
    if len(word) <= length:
        return len(word) == length
    return any(
        code in endings
        and (attached := endings[code].search(word))
        and _ends(word[: attached.start()], length, code)
        for endings in (ATTACHED, ALSO_ATTACHED)
    )


def _cuts(text: str, code: str) -> set[int]:
    """Where no name can begin or end: within foreign words, numbers and, in Japanese, known words."""
    if language(code).spaced:
        return set()
    whole = [found.span() for found in UNSPACED_RUN.finditer(text)]
    if code == "ja" and IDEOGRAPHS.search(text):
        whole += dictionary_words(text)
    return {at for start, end in whole for at in range(start + 1, end)}


def _written_alike(found: str, form: str) -> bool:
    """Whether capitals and blanks allow it to be the name: 'No to' is no 'Noto', and 'may' no 'May'."""
    if "Latin" not in script_shares(form):
        return True
    if len(BREAK.findall(found)) > len(BREAK.findall(form.strip())):
        return False
    one_word = not BREAK.search(form.strip())
    return not (one_word and form != form.lower() and found == found.lower())


def _without_surrogates(text: str) -> str:
    """A text of the same length that spaCy can take."""
    return regex.sub(r"\p{Cs}", "\ufffd", text)


def _load_pipeline(model: str, code: str) -> Language:
    import spacy

    try:
        return spacy.load(model)
    except (OSError, ValueError, ImportError) as error:
        raise ModelError(
            f"the spaCy pipeline {model}, which marks names in {language(code).name}, cannot be loaded "
            f"({str(error).splitlines()[0]}): install it again, or uninstall it to do without."
        ) from error


@cache
def installed_versions() -> Mapping[str, str]:
    """SpaCy's pipelines that are installed, with their versions. To look for them takes some 20 ms."""
    return {
        entry.name: entry.dist.version if entry.dist else "" for entry in entry_points(group="spacy_models")
    }


def installed_models() -> dict[str, str]:
    """SpaCy's pipelines that are installed, the best by language code; nothing is loaded."""
    found: dict[str, str] = {}
    for name in sorted(installed_versions(), key=_rank):
        code = name.partition("_")[0]
        if code in LANGUAGES:
            found.setdefault(code, name)
    return found


def _rank(name: str) -> tuple[int, str]:
    size = name.rpartition("_")[2]
    return SIZES.index(size) if size in SIZES else len(SIZES), name


def names_signature(models: Mapping[str, str]) -> Signature:
    """What a marker's signature will be, without loading anything."""
    used = {
        code: f"{model} {installed_versions().get(model, '')}".strip()
        for code, model in sorted(models.items())
    }
    return Signature("nlp.names", ", ".join(used.values()), options={"rules": RULES, "models": used})


def mark_passages(marker: NameMarker, passages: Iterable[Passage]) -> list[NameMention]:
    """Every name in the passages, in order."""
    return [
        NameMention(passage.id, *mention, marker.signature)
        for passage in passages
        for mention in marker.mark(passage.text, passage.language)
    ]
