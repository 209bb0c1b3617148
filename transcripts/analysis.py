"""Text to search tokens, by language, so that words are found however they are written.

Tokens are compared as strings: a passage's, made when it is indexed, with a
query's. What makes two spellings one token:

- every script: width, case, accents on Latin letters, Arabic letters typed for
  Persian ones, vowel marks and digits are folded;
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
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import regex
import snowballstemmer

if TYPE_CHECKING:
    from kiwipiepy import Kiwi
    from sudachipy import Tokenizer

PAIR = "#"  # marks two neighbouring letters; no other token has it
UNKNOWN = ""  # the language of a query

_ZWNJ = "\u200c"
_LETTERS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ە": "ه", "ـ": None})
_ACCENTS = regex.compile(r"(?<=[\p{Latin}\p{Greek}\p{Arabic}]\p{Mn}*)\p{Mn}")
_DIGIT = regex.compile(r"\p{Nd}")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")

# A run of one family of scripts, with the punctuation and digits that follow it.
_UNSPACED = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
_KANA_HAN = r"\p{Han}\p{Hiragana}\p{Katakana}"
_SHARED = r"\p{Common}\p{Inherited}"
_RUN = regex.compile(
    rf"(?P<japanese>[{_KANA_HAN}][{_KANA_HAN}{_SHARED}]*)"
    rf"|(?P<korean>\p{{Hangul}}[\p{{Hangul}}{_SHARED}]*)"
    rf"|(?P<persian>\p{{Arabic}}[\p{{Arabic}}{_SHARED}]*)"
    rf"|(?P<unspaced>[{_UNSPACED}]+)"
    rf"|(?P<spaced>[^{_KANA_HAN}\p{{Hangul}}\p{{Arabic}}{_UNSPACED}]+)"
)
# Where two neighbours may be a word that no dictionary knows or splits off.
_PAIRED = regex.compile(rf"\p{{Han}}{{2,}}|\p{{Hangul}}{{2,}}|[{_UNSPACED}]{{2,}}")


def fold(text: str) -> str:
    """A text without the differences that no reader means: width, case, accents, digits."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = _ACCENTS.sub("", unicodedata.normalize("NFD", text)).translate(_LETTERS)
    return unicodedata.normalize(
        "NFC", _DIGIT.sub(lambda digit: str(unicodedata.digit(digit[0], digit[0])), text)
    )


def words(text: str, language: str) -> list[str]:
    """The tokens by which a passage in `language` (a code such as 'ja') is found."""
    return [*_tokens(text, language), *_pairs([fold(text)])]


def query_words(text: str) -> list[str]:
    """The tokens to look for, each once, for a query in whatever languages its scripts allow.

    Latin words are taken as they stand, as English and as Spanish. A query of
    particles alone is taken as it stands.
    """
    tokens = list(_tokens(text, UNKNOWN)) or _WORD.findall(fold(text))
    return list(dict.fromkeys([*tokens, *_pairs(tokens)]))


def _tokens(text: str, language: str) -> Iterator[str]:
    for run in _RUN.finditer(unicodedata.normalize("NFKC", text)):
        yield from ANALYSERS[str(run.lastgroup)](run[0], language)


def _pairs(texts: Iterable[str]) -> list[str]:
    """Every two neighbouring letters of the scripts in which a word may hide in a longer one."""
    return [
        PAIR + first + second
        for text in texts
        for run in _PAIRED.findall(text)
        for first, second in pairwise(run)
    ]


# Japanese

_PARTICLES = frozenset({"助詞", "助動詞", "補助記号", "記号", "空白"})  # and auxiliaries, signs, blanks
_MOST_LETTERS = 5_000  # in one call: sudachipy refuses more than 49,149 bytes


@cache
def _sudachi() -> Tokenizer:
    from sudachipy import Dictionary

    return Dictionary(dict="core").tokenizer()


def _japanese(text: str, language: str) -> Iterator[str]:
    if language not in ("ja", UNKNOWN):  # Chinese, or a title in another language
        yield from _WORD.findall(fold(text))
        return
    from sudachipy import SplitMode

    for start in range(0, len(text), _MOST_LETTERS):
        for word in _sudachi().tokenize(text[start : start + _MOST_LETTERS], SplitMode.C):
            if word.part_of_speech()[0] not in _PARTICLES:
                yield from _WORD.findall(fold(word.normalized_form()))
                for unit in word.split(SplitMode.A, add_single=False):
                    yield from _WORD.findall(fold(unit.normalized_form()))


# Korean

_CONTENT = ("NN", "NR", "NP", "VV", "VA", "MAG", "XR", "SL", "SH", "SN")  # nouns, verbs, adverbs, foreign


@cache
def _kiwi() -> Kiwi:
    """With the core dictionary only, which loads in a third of the time.

    Those of names changed 6 of 112 passages, where pairs of letters find the words too.
    """
    from kiwipiepy import Kiwi

    return Kiwi(num_workers=1, load_default_dict=False, load_multi_dict=False, load_typo_dict=False)


def _korean(text: str, language: str) -> Iterator[str]:
    if language not in ("ko", UNKNOWN):
        yield from _WORD.findall(fold(text))
        return
    for morpheme in _kiwi().tokenize(text):
        if morpheme.tag.startswith(_CONTENT):
            yield from _WORD.findall(fold(morpheme.form))


# Persian, and whatever else is written in Arabic letters

_PREFIXES = frozenset({"می", "نمی", "بی"})
_CLITICS = "ی|ای|ام|ات|اش|مان|تان|شان|اند|ایم|اید|تر|ترین"
_PLURAL = "ها(?:ی(?:ی|م|ت|ش|مان|تان|شان)?|مان|تان|شان|م|ت|ش)?"
_SUFFIX = regex.compile(rf"(?:{_CLITICS}|{_PLURAL})")
_JOINED_PLURAL = regex.compile(rf"(?<=..){_PLURAL}$")
_EZAFE = regex.compile(r"(?<=..[او])ی$")
_PERSIAN_WORD = regex.compile(rf"[\p{{L}}\p{{N}}][\p{{L}}\p{{M}}\p{{N}}{_ZWNJ}]*")


def _persian(text: str, language: str) -> Iterator[str]:
    del language  # Arabic, Urdu and Kurdish are folded in the same way
    stems = []
    for word in _PERSIAN_WORD.findall(fold(text)):
        parts = [part for part in word.split(_ZWNJ) if part]
        core = [part for part in parts[:1] if part not in _PREFIXES or len(parts) == 1]
        core += [part for part in parts[1:] if not _SUFFIX.fullmatch(part)]
        if len(core) == 1 and (_SUFFIX.fullmatch(core[0]) or core[0] in _PREFIXES):
            continue  # an affix that was written as a word
        yield from core if len(core) > 1 else ()
        stems.append(_EZAFE.sub("", _JOINED_PLURAL.sub("", "".join(core))))
    for stem in stems:
        yield from _persian_forms(stem)
    yield from map("".join, pairwise(stems))  # 'فیلم نامه' for 'فیلم‌نامه'


def _persian_forms(stem: str) -> Iterator[str]:
    """A stem, and what it is without an ending that may or may not be a suffix."""
    yield stem
    if stem.endswith("گان") and len(stem) > 5:
        yield stem.removesuffix("گان") + "ه"
    elif stem.endswith("ان") and len(stem) > 5:
        yield stem.removesuffix("ان")
    elif stem.endswith("ی") and len(stem) > 3:
        yield stem.removesuffix("ی")


# Languages that write spaces

_STEMMED = {"en": "english", "es": "spanish"}
_POSSESSIVE = regex.compile(r"(?<=\p{L})['’]s\b")


@cache
def _stemmer(name: str) -> Callable[[str], str]:
    stem: Callable[[str], str] = cache(snowballstemmer.stemmer(name).stemWord)
    return stem


def _spaced(text: str, language: str) -> Iterator[str]:
    for word in _WORD.findall(_POSSESSIVE.sub("", fold(text))):
        if language == UNKNOWN:
            yield word
            yield from (_stemmer(name)(word) for name in _STEMMED.values())
        else:
            yield _stemmer(_STEMMED[language])(word) if language in _STEMMED else word


def _unspaced(text: str, language: str) -> Iterator[str]:
    del language  # pairs of letters do the rest
    yield from _WORD.findall(fold(text))


ANALYSERS: dict[str, Callable[[str, str], Iterator[str]]] = {
    "japanese": _japanese,
    "korean": _korean,
    "persian": _persian,
    "unspaced": _unspaced,
    "spaced": _spaced,
}
