"""Names that must come out right: what was heard nearly like one is proposed, never changed.

A name is looked for by its sound: see `nlp.spelling`. What is spelled like a name of the
glossary is left alone, and so is what only comes near by chance.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import regex
from rapidfuzz import fuzz, process

from nlp.languages import language
from nlp.spelling import by_sound, kana_sounds, same_spelling
from nlp.windows import (
    IDEOGRAPHS,
    WORD,
    Windows,
    letter_windows,
    reading_windows,
    readings,
    word_windows,
)

PROPOSED = "glossary:"  # what the flag of a proposal begins with
KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")


@dataclass(frozen=True, slots=True)
class GlossaryOptions:
    """How near a near miss is."""

    alike_above: float = 80.0  # of 100, for a name of
    long_letters: float = 8.0  # letters or more; for shorter ones it rises, until with
    short_letters: float = 4.0  # letters
    short_alike_above: float = 86.0  # it is this
    identical_above: float = 95.0  # for names that are shorter still, and for words that lost a capital
    suspect_lower: float = 7.0  # points less are enough to listen again: what is kept has the name exactly
    reading_above: float = 92.0  # for Japanese words that are read like a name of ideographs, with
    reading_kana: int = 5  # kana or more: shorter words are read alike by chance
    ideograph_letters: float = 2.0  # what an ideograph counts for, so that two are no short name
    kana_letters: float = 4 / 3  # and what a kana does, so that three are none
    parted_letters: float = 6.0  # a shorter name is not heard in more words or fewer: 'not to' is no Noto

    def letters(self, form: str, sound: str) -> float:
        """How long a name is, in letters of an alphabet."""
        ideographs, kana = len(IDEOGRAPHS.findall(form)), len(KANA.findall(form))
        return _length(sound) + ideographs * (self.ideograph_letters - 1) + kana * (self.kana_letters - 1)

    def needed(self, letters: float) -> float:
        """The likeness that is needed for a name, by its length."""
        if letters < self.short_letters:
            return self.identical_above
        lengths = (self.short_letters, self.long_letters)
        return float(np.interp(letters, lengths, (self.short_alike_above, self.alike_above)))


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A part of a text that is nearly a name, as it stands there from `start` on; likeness 0..100."""

    heard: str
    form: str
    likeness: float
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.heard)


@dataclass(frozen=True, slots=True)
class _Sought:
    """Forms looked for in windows of one size, and the sound, likeness needed and length of each."""

    forms: tuple[str, ...]
    sounds: tuple[str, ...]
    needed: npt.NDArray[np.float32]
    letters: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Glossary:
    """Names by language. Make one with `Glossary.of`."""

    options: GlossaryOptions
    _sought: Mapping[str, Mapping[int, _Sought]]  # by language code and size of window
    _read: Mapping[int, _Sought]  # Japanese names of ideographs, as they are read, by number of words

    @classmethod
    def of(
        cls, entries: Mapping[str, Mapping[str, Sequence[str]]], options: GlossaryOptions | None = None
    ) -> Glossary:
        """A glossary of entries: by id, the forms for each language code.

        Raises ConfigurationError for a language that is not known.
        """
        options = options or GlossaryOptions()
        forms: dict[str, dict[str, None]] = {}  # without doubles, in order
        for entry in entries.values():
            for code, written in entry.items():
                forms.setdefault(code, {}).update(dict.fromkeys(written))
        sought = {code: _by_size(list(each), code, options) for code, each in forms.items()}
        return cls(options, sought, _by_reading(list(forms.get("ja", ())), options))

    def near_misses(self, text: str, code: str) -> list[NearMiss]:
        """What is nearly a name of the language, but not spelled like one; in order, none overlapping."""
        return self._found(text, code)[1]

    def suspects(self, text: str, code: str) -> list[NearMiss]:
        """What may be a name, but is too little alike to be proposed: names to listen for."""
        near = self.near_misses(text, code)
        return [
            each
            for each in self._found(text, code, lower=self.options.suspect_lower)[1]
            if not any(each.start < other.end and other.start < each.end for other in near)
        ]

    def names_in(self, text: str, code: str) -> list[str]:
        """The forms that a text has exactly, but for case and the like."""
        return list(dict.fromkeys(each.form for each in self._found(text, code)[0]))

    def _found(self, text: str, code: str, lower: float = 0.0) -> tuple[list[NearMiss], list[NearMiss]]:
        """Names as they are, and near misses."""
        alike = list(self._alike(text, code, lower))
        exact = [each for each in alike if each.likeness == 100 and _same(each, code)]
        taken = [(each.start, each.end) for each in exact]
        near = []
        for each in sorted(alike, key=lambda each: (-each.likeness, -len(each.heard), each.start)):
            if not any(each.start < end and start < each.end for start, end in taken):
                near.append(each)
                taken.append((each.start, each.end))
        return exact, sorted(near, key=lambda each: each.start)

    def _alike(self, text: str, code: str, lower: float) -> Iterator[NearMiss]:
        """All parts of a text that are alike enough to a name, or the same."""
        tables = [(self._sought.get(code, {}), word_windows if language(code).spaced else letter_windows)]
        if code == "ja":
            tables.append((self._read, reading_windows))
        for by_size, windows_of in tables:
            for size, windows in windows_of(text, code, list(by_size)):
                for found, letters in _near(text, windows, by_size[size], lower):
                    if not self._ordinary(found, letters):
                        yield found

    def _ordinary(self, found: NearMiss, letters: float) -> bool:
        """Whether it is a part of a name ('creator'), or has lost a capital: then it is another word."""
        heard, form = found.heard, found.form
        if set(WORD.findall(heard.casefold())) < set(WORD.findall(form.casefold())):
            return True
        if form == form.lower() or heard != heard.lower() or heard == heard.upper():
            return False
        return letters < self.options.short_letters or found.likeness < self.options.identical_above


def _near(text: str, windows: Windows, sought: _Sought, lower: float) -> Iterator[tuple[NearMiss, float]]:
    """What is alike enough, with the length in letters of the form that it is like."""
    sounds = list(set(windows.values()))
    least = float(sought.needed.min()) - lower
    scores = process.cdist(sounds, sought.sounds, scorer=fuzz.ratio, score_cutoff=least)
    hits: dict[str, list[tuple[int, float]]] = {}
    for row, column in zip(*np.nonzero(scores >= sought.needed - lower), strict=True):
        hits.setdefault(sounds[row], []).append((column, float(scores[row, column])))
    for (start, end), sound in windows.items():
        for number, likeness in hits.get(sound, ()):
            yield NearMiss(text[start:end], sought.forms[number], likeness, start), sought.letters[number]


def _by_size(forms: Sequence[str], code: str, options: GlossaryOptions) -> dict[int, _Sought]:
    """For each size of window, in words or else in letters, the forms that may be heard in it."""
    spaced = language(code).spaced
    rows: dict[int, list[tuple[str, str, float]]] = {}
    for form in forms:
        if not (sound := by_sound(form, code)):
            continue
        letters = options.letters(form, sound)
        size = len(WORD.findall(form)) if spaced else len(list(kana_sounds(form)))
        spare = int(letters >= options.parted_letters) if spaced else 1 + size // 6  # words, letters
        for near in range(max(1, size - spare), size + spare + 1):
            rows.setdefault(near, []).append((form, sound, letters))
    return {size: _table(held, options.needed) for size, held in rows.items()}


def _by_reading(forms: Sequence[str], options: GlossaryOptions) -> dict[int, _Sought]:
    """For each number of words, the forms of ideographs that may be read in as many."""
    rows: dict[int, list[tuple[str, str, float]]] = {}
    for form in forms:
        if not IDEOGRAPHS.search(form):
            continue
        words = [sound for sound, _, _ in readings(form)]
        sound = "".join(words)
        kana = _length(sound)
        if kana >= options.reading_kana:
            for near in range(max(1, len(words) - 1), len(words) + 2):
                rows.setdefault(near, []).append((form, sound, kana))
    return {size: _table(held, lambda _: options.reading_above) for size, held in rows.items()}


def _table(rows: Sequence[tuple[str, str, float]], needed: Callable[[float], float]) -> _Sought:
    forms, sounds, letters = zip(*rows, strict=True)
    return _Sought(forms, sounds, np.array([needed(each) for each in letters], dtype=np.float32), letters)


def _length(sound: str) -> int:
    """In letters: that a kana is voiced is a sign, but none more."""
    return sum(not unicodedata.combining(each) for each in sound)


def _same(each: NearMiss, code: str) -> bool:
    return same_spelling(each.heard, code) == same_spelling(each.form, code)


def proposal_flag(heard: str, form: str) -> str:
    """`glossary:HEARD=FORM`: a correction to propose. In either, '=' is '%3D' and '%' is '%25'."""
    return f"{PROPOSED}{_escaped(heard)}={_escaped(form)}"


def read_proposal(flag: str) -> tuple[str, str] | None:
    """What was heard and the form proposed; None for a flag that says something else."""
    heard, equals, form = flag.removeprefix(PROPOSED).partition("=")
    return (_plain(heard), _plain(form)) if flag.startswith(PROPOSED) and equals else None


def concerns(flag: str, text: str) -> bool:
    """Whether a flag of a whole text is about this part of it: a proposal for words elsewhere is not."""
    proposal = read_proposal(flag)
    return proposal is None or proposal[0] in text


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("=", "%3D")


def _plain(text: str) -> str:
    return text.replace("%3D", "=").replace("%25", "%")
