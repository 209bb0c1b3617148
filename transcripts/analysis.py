"""Text to search tokens, by language, so that words are found however they are written.

Tokens are compared as strings: a passage's, made when it is indexed, with a
query's. What makes two spellings one token:

- every script: width, case, accents on Latin letters, Arabic letters typed for
  Persian ones, vowel marks and digits are folded; numbers are also found
  without the marks between their thousands;
- Japanese (sudachipy): dictionary forms of words and of the short units in
  them, particles left out;
- Korean (kiwipiepy): nouns, verb stems and other content morphemes;
- Persian: plurals, ezafe, clitics, the zero-width non-joiner (ZWNJ);
- Spanish and English: Snowball stems, of words without accents.

No dictionary splits every compound, so Japanese and Korean also give every two
neighbouring letters, marked with '#': 倫理 is found in 倫理観 and 영화 in
국제영화제, below passages that have the word itself. So do scripts without
spaces that no analyser knows, and in Persian every two neighbouring words,
since many write a space for a ZWNJ.

Every token knows the characters that it was made of, so that what is found can
be shown. All functions may be called from several threads.
"""

from __future__ import annotations

import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import regex
import snowballstemmer

from transcripts import persian
from transcripts.folding import KANA_HAN, UNSPACED, fold, mapped

if TYPE_CHECKING:
    from kiwipiepy import Kiwi
    from kiwipiepy import Token as Morpheme
    from sudachipy import Tokenizer

PAIR = "#"  # marks two neighbouring letters; no other token has it
UNKNOWN = ""  # the language of a query
_AS_WRITTEN = "-"  # no language: words are not stemmed
_REMEMBERED_TEXTS = 2_000
_REMEMBERED = 100_000  # words whose analysis is kept: most of a text are among the commonest

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")

# A run of one family of scripts, with the punctuation and digits that follow it, but for those of a
# word that goes on in other letters, such as 3D.
_SHARED = r"\p{Common}\p{Inherited}"
_FOREIGN = rf"(?<!\p{{N}})\p{{N}}++(?![{KANA_HAN}\p{{Hangul}}\p{{Arabic}}{UNSPACED}])\p{{L}}"
_RUN = regex.compile(
    rf"(?P<japanese>[{KANA_HAN}](?:(?!{_FOREIGN})[{KANA_HAN}{_SHARED}])*)"
    rf"|(?P<korean>\p{{Hangul}}(?:(?!{_FOREIGN})[\p{{Hangul}}{_SHARED}])*)"
    rf"|(?P<persian>\p{{Arabic}}(?:(?!{_FOREIGN})[\p{{Arabic}}{_SHARED}])*)"
    rf"|(?P<unspaced>[{UNSPACED}]+)"
    rf"|(?P<spaced>[^{KANA_HAN}\p{{Hangul}}\p{{Arabic}}{UNSPACED}]+)"
)
ANALYSED = ("japanese", "korean", "persian", "unspaced", "spaced")
LATIN = "spaced"
# Of languages whose script tells them from most others.
SCRIPTS = {
    **dict.fromkeys(("ja", "zh", "yue"), "japanese"),
    "ko": "korean",
    **dict.fromkeys(("fa", "ar", "ur", "ps", "sd", "ckb"), "persian"),
    **dict.fromkeys(("th", "lo", "km", "my", "bo"), "unspaced"),
}
# Where two neighbours may be a word that no dictionary knows or splits off.
_PAIRED = regex.compile(rf"\p{{Han}}{{2,}}|\p{{Hangul}}{{2,}}|[{UNSPACED}]{{2,}}")
_LONE = regex.compile(r"(?<!\p{Hangul})\p{Hangul}(?!\p{Hangul})")
_CERTAIN = regex.compile(r"\p{Latin}{2,}")  # a word that is one token wherever it stands
_NUMERAL, _AFTER_NUMERAL = regex.compile(r"\p{N}"), regex.compile(r"\p{N}\p{M}*\Z")
# Thousands are set apart in this way or that, or not at all.
_GROUPED = regex.compile(r"(?<![\p{N}.,٬])\p{Nd}{1,3}(?:[.,٬]\p{Nd}{3})+(?![.,٬]?\p{N})")
# What every text has: left out of queries that have other words. Words that mean something in
# the other of two languages (sin, son, no, me, has) are not here.
COMMON = frozenset(
    " ".join(
        (
            "a an and are as at be been but by for from had have how i if in into is it its of on or our",
            "that the their there these they this to us was we were what when where which who why will",
            "with would you your al como con cual cuando de del donde el ella ellos en entre es esa ese",
            "esta este la las lo los mas nos para pero por porque que se ser su sus sobre un una unas uno",
            "unos y ya از اما ان ای این اینکه با باید بر برای به بود تا تو خود در را شد که ما من هم و ولی",
            "است هست یا یک",
        )
    ).split()
)


class Token(NamedTuple):
    """A search token and the characters of the text that it was made of."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=_REMEMBERED_TEXTS)
def tokens(text: str, language: str, scripts: frozenset[str] = frozenset(ANALYSED)) -> tuple[Token, ...]:
    """The tokens by which a passage in `language` (a code such as 'ja') is found.

    With `scripts`, only words of these families, as in `SCRIPTS`, and pairs.
    """
    plain, bounds = text, list[int]()
    if not unicodedata.is_normalized("NFKC", text):
        plain, bounds = mapped(text, _compatible)
    found = (*_tokens(plain, language, scripts=scripts), *_pairs(plain), *_numbers(plain))
    return tuple(Token(token, bounds[start], bounds[end]) for token, start, end in found) if bounds else found


def words(text: str, language: str) -> list[str]:
    """What `tokens` are, without where."""
    plain = _compatible(text)
    return [token for token, _, _ in (*_tokens(plain, language), *_pairs(plain), *_numbers(plain))]


@lru_cache(maxsize=64)  # asked for to search, and to mark every hit
def query_words(text: str) -> tuple[str, ...]:
    """The tokens to look for, each once, for a query in whatever languages its scripts allow.

    Latin words are taken as they stand, as English and as Spanish. Words that every text has
    are left out, like the particles of Japanese; a query of nothing else is taken as it stands.
    """
    plain = _compatible(text)
    found = list(_tokens(plain, UNKNOWN))
    telling = [token for token in found if fold(plain[token.start : token.end]) not in COMMON]
    left = [token.text for token in telling or found] or _WORD.findall(fold(text))
    left += [token.text for token in _lone(plain)]
    pairs = (pair.text for each in (plain, " ".join(left)) for pair in _pairs(each))
    return tuple(dict.fromkeys([*left, *pairs, *(number.text for number in _numbers(plain))]))


def scripts_of(text: str) -> list[str]:
    """The families of scripts that a text is written in, as in `SCRIPTS`; those of most letters first."""
    letters = Counter[str]()
    for run in _RUN.finditer(_compatible(text)):
        letters[str(run.lastgroup)] += sum(map(str.isalnum, run[0]))
    return [script for script, count in letters.most_common() if count]


@lru_cache(maxsize=64)  # every hit of a page asks for the same
def scripts_sought(query: str) -> frozenset[str]:
    """The families of scripts in which a query may be found: its own, or any where it has digits."""
    return frozenset(ANALYSED if any(map(str.isnumeric, query)) else scripts_of(query))


def coverage(query: str, having: Collection[str]) -> float:
    """The share of a query's letters, common words left out, that a passage with these tokens has."""
    plain = _compatible(query)
    sought = [token for token in tokens(plain, UNKNOWN) if fold(plain[token.start : token.end]) not in COMMON]
    sought += _lone(plain)
    letters = {at for _, start, end in sought for at in range(start, end)}
    had = {at for token, start, end in sought if token in having for at in range(start, end)}
    return len(had) / len(letters) if letters else 1.0


def query_forms(text: str) -> list[list[str]]:
    """Ways to write a word or a phrase, each as the tokens that a passage then has, all of them."""
    plain = _compatible(text)
    forms = [[token.text for token in _tokens(plain, UNKNOWN, latin)] for latin in (_AS_WRITTEN, *_STEMMED)]
    pairs = [pair.text for pair in _pairs(plain)]
    if pairs:  # in compounds
        uncovered = _PAIRED.sub(" ", plain)
        forms.append([*pairs, *(token.text for token in _tokens(uncovered, UNKNOWN, _AS_WRITTEN))])
    if len(core := persian.core(plain) if persian.WORD.fullmatch(plain) else ()) > 1:
        forms.append([persian.stem(core)])  # written as one
    if _LONE.fullmatch(plain):
        forms.append([plain])
    return [list(form) for form in dict.fromkeys(tuple(dict.fromkeys(form)) for form in forms) if form]


def tokens_of_phrase(text: str) -> list[frozenset[str]]:
    """What a passage needs to have a phrase in it: at least one token of each set.

    None of its parts may be certain to be found: numbers, kana and lone letters are analysed in many ways.
    """
    plain = _compatible(text)
    needed = [frozenset({pair.text}) for pair in _pairs(plain) if not _NUMERAL.search(pair.text)]
    for run in _RUN.finditer(plain):
        for word in _WORD.finditer(run[0]):
            if _CERTAIN.fullmatch(word[0]):
                needed.append(frozenset(_forms(word[0], UNKNOWN)))
            elif run.lastgroup == "persian" and word[0].isalpha():
                core = persian.core(word[0])
                begins_there = not _AFTER_NUMERAL.search(
                    plain[: run.start() + word.start()]
                )  # unlike in 3بعدی
                if len(core) == 1 and begins_there:
                    needed.append(frozenset({*core, persian.stem(core)}))
    return list(dict.fromkeys(needed))


def _compatible(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _tokens(
    text: str, language: str, latin: str = "", scripts: Collection[str] = ANALYSED
) -> Iterator[Token]:
    """Tokens of a text in NFKC; `latin` is the language of what is in Latin letters, if another."""
    for run in _RUN.finditer(text):
        kind = str(run.lastgroup)
        if kind not in scripts:
            continue
        found, before = ANALYSERS[kind](run[0], (kind == "spaced" and latin) or language), run.start()
        if before:
            found = (Token(token, before + start, before + end) for token, start, end in found)
        yield from found


@lru_cache(maxsize=_REMEMBERED)
def _parts(text: str) -> tuple[str, ...]:
    """The folded words in a piece of text: one, but for signs such as ½."""
    return tuple(_WORD.findall(fold(text)))


def _plain_words(text: str) -> Iterator[Token]:
    for word in _WORD.finditer(text):
        for part in _parts(word[0]):
            yield Token(part, *word.span())


def _pairs(text: str) -> list[Token]:
    """Every two neighbouring letters of the scripts in which a word may hide in a longer one."""
    return [
        Token(_pair(first + second), at, at + 2)
        for run in _PAIRED.finditer(text)
        for at, (first, second) in enumerate(pairwise(run[0]), run.start())
    ]


@lru_cache(maxsize=_REMEMBERED)
def _pair(letters: str) -> str:
    return PAIR + fold(letters)


def _lone(text: str) -> list[Token]:
    """Syllables by themselves: out of its sentence, 삶 (life) is taken for a form of a verb."""
    return [Token(syllable[0], *syllable.span()) for syllable in _LONE.finditer(text)]


def _numbers(text: str) -> Iterator[Token]:
    """Numbers whose thousands are set apart, as they are written without that."""
    for number in _GROUPED.finditer(text):
        yield Token("".join(_WORD.findall(fold(number[0]))), *number.span())


# Japanese

_PARTICLES = frozenset({"助詞", "助動詞", "補助記号", "記号", "空白"})  # and auxiliaries, signs, blanks
_MOST_LETTERS = 5_000  # in one call: sudachipy refuses more than 49,149 bytes
_ONE_AT_A_TIME = threading.Lock()  # a tokenizer of sudachipy and a stemmer of Snowball serve one thread


@cache
def _sudachi() -> Tokenizer:
    from sudachipy import Dictionary

    return Dictionary(dict="core").tokenizer()


def _japanese(text: str, language: str) -> Iterator[Token]:
    if language not in ("ja", UNKNOWN):  # Chinese, or a title in another language
        yield from _plain_words(text)
        return
    for start in range(0, len(text), _MOST_LETTERS):
        with _ONE_AT_A_TIME:
            units = list(_japanese_units(text[start : start + _MOST_LETTERS]))
        for form, begin, end in units:
            for part in _parts(form):
                yield Token(part, start + begin, start + end)


def _japanese_units(text: str) -> Iterator[Token]:
    """Dictionary forms of the words that tell something, and of the short units in them."""
    from sudachipy import SplitMode

    for word in _sudachi().tokenize(text, SplitMode.C):
        if word.part_of_speech()[0] not in _PARTICLES:
            for unit in (word, *word.split(SplitMode.A, add_single=False)):
                yield Token(unit.normalized_form(), unit.begin(), unit.end())


# Korean

_CONTENT = ("NN", "NR", "NP", "VV", "VA", "MAG", "XR", "SL", "SH", "SN")  # nouns, verbs, adverbs, foreign


@cache
def _kiwi() -> Kiwi:
    """With the core dictionary only, which loads in a third of the time.

    Those of names changed 6 of 112 passages, where pairs of letters find the words too.
    """
    from kiwipiepy import Kiwi

    return Kiwi(num_workers=2, load_default_dict=False, load_multi_dict=False, load_typo_dict=False)


_taken_apart: dict[str, list[Morpheme]] = {}  # runs of Korean, the latest ones


def read_ahead(texts: Iterable[str]) -> None:
    """Take the Korean of some texts apart at once, on two processors; for `tokens` to have it at hand."""
    runs = (run[0] for text in texts for run in _RUN.finditer(_compatible(text)) if run["korean"])
    new = list(dict.fromkeys(run for run in runs if run not in _taken_apart))[:_REMEMBERED_TEXTS]
    for run, morphemes in zip(new, _kiwi().tokenize(new), strict=True):
        _remember(run, morphemes)


def _remember(run: str, morphemes: list[Morpheme]) -> list[Morpheme]:
    if len(_taken_apart) > _REMEMBERED_TEXTS:
        _taken_apart.clear()
    _taken_apart[run] = morphemes
    return morphemes


def _korean(text: str, language: str) -> Iterator[Token]:
    if language not in ("ko", UNKNOWN):
        yield from _plain_words(text)
        return
    for morpheme in _taken_apart.get(text) or _remember(text, _kiwi().tokenize(text)):
        if morpheme.tag.startswith(_CONTENT):
            for part in _parts(morpheme.form):
                yield Token(part, morpheme.start, morpheme.end)


# Persian, and whatever else is written in Arabic letters


def _persian(text: str, language: str) -> Iterator[Token]:
    del language  # Arabic, Urdu and Kurdish are folded in the same way
    stems = []
    for word in persian.WORD.finditer(text):
        core = persian.core(word[0])
        if not core:
            continue  # an affix that was written as a word
        for part in core if len(core) > 1 else ():
            yield Token(part, *word.span())
        stems.append(Token(persian.stem(core), *word.span()))
    for stem in stems:
        for form in persian.forms(stem.text):
            yield Token(form, stem.start, stem.end)
    for one, next_ in pairwise(stems):  # 'فیلم نامه' for 'فیلم‌نامه'
        yield Token(one.text + next_.text, one.start, next_.end)


# Languages that write spaces

_STEMMED = {"en": "english", "es": "spanish"}
# But for a possessive 's, and for the sign that makes a vowel of kana long.
_SPACED_WORD = regex.compile(r"(?!(?<=\p{L}['’])[sS]\b)(?:(?!ー)[\p{L}\p{M}\p{N}])+")


@cache
def _stemmer(name: str) -> Callable[[str], str]:
    stem: Callable[[str], str] = snowballstemmer.stemmer(name).stemWord
    return stem


@lru_cache(maxsize=_REMEMBERED)
def _forms(word: str, language: str) -> tuple[str, ...]:
    """What a word is found by: its stem; where the language is not known, itself and all stems."""
    known = (language,) if language in _STEMMED else ()
    forms = []
    for part in _parts(word):
        with _ONE_AT_A_TIME:
            stems = [_stemmer(_STEMMED[each])(part) for each in (known or _STEMMED)]
        forms += [part, *stems] if language == UNKNOWN else stems if known else [part]
    return tuple(forms)


def _spaced(text: str, language: str) -> Iterator[Token]:
    for word in _SPACED_WORD.finditer(text):
        for form in _forms(word[0], language):
            yield Token(form, *word.span())


def _unspaced(text: str, language: str) -> Iterator[Token]:
    del language  # pairs of letters do the rest
    yield from _plain_words(text)


ANALYSERS: dict[str, Callable[[str, str], Iterator[Token]]] = {
    "japanese": _japanese,
    "korean": _korean,
    "persian": _persian,
    "unspaced": _unspaced,
    "spaced": _spaced,
}
