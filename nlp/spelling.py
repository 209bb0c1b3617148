"""How names are compared: by what they are made of, not by how they happen to be written."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import regex
from rapidfuzz import utils

from nlp.languages import language

# Arabic letters that Persian keyboards have twins of.
TWINS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه"})
# Arabic letters that sound alike in Persian; a decoder, like a child, writes the one for the other.
PERSIAN_SOUNDS = str.maketrans("ثصذضظطحغ", "سسزززتهق", "ع")
# Letters that sound alike in Spanish (of Spain or of America), in order.
SPANISH_SOUNDS = (
    (regex.compile("(?<!c)h"), ""),
    (regex.compile("c(?=[ei])|z"), "s"),
    (regex.compile("qu(?=[ei])|c(?!h)|q"), "k"),
    (regex.compile("g(?=[ei])"), "j"),
    (regex.compile("gu(?=[ei])"), "g"),
    (regex.compile("v"), "b"),
    (regex.compile("ll"), "y"),
)
# Letters that English writes one sound with, in order.
ENGLISH_SOUNDS = (
    (regex.compile("ph"), "f"),
    (regex.compile("ck|q"), "k"),
    (regex.compile("c(?=[eiy])"), "s"),
    (regex.compile("c(?!h)"), "k"),
    (regex.compile(r"(\p{L})\1"), r"\1"),
)
# Kana for foreign sounds that are written in two ways; the mark of a long vowel is dropped.
FOREIGN_KANA = {"ヴァ": "ば", "ヴィ": "び", "ヴェ": "べ", "ヴォ": "ぼ", "ー": ""}
# Small kana as large ones, and those of one sound as one.
LARGE_KANA = str.maketrans("ぁぃぅぇぉっゃゅょゎぢづゔ", "あいうえおつやゆよわじずぶ")
KANA = regex.compile("ヴ[ァィェォ]|.", regex.DOTALL)


def plain_name(name: str) -> str:
    """Without accents, case and punctuation; Korean as single letters, of which one may be misheard."""
    return str(utils.default_process(_letters(name).translate(TWINS)))


def same_spelling(text: str, code: str) -> str:
    """Equal for texts that differ in case, width, hyphens and Arabic twins of letters alone.

    Blanks count in Latin script; elsewhere it is a matter of taste where a name has them.
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())
    joint = " " if language(code).script == "Latin" else ""
    return joint.join(regex.findall(r"[\p{L}\p{M}\p{N}]+", folded.translate(TWINS)))


def by_sound(text: str, code: str) -> str:
    """Letters without blanks, alike for texts in a language that sound alike; Korean as single letters."""
    if not language(code).spaced:
        return "".join(sound for sound, _, _ in kana_sounds(text))
    letters = "".join(filter(str.isalnum, _letters(text.casefold()).translate(TWINS)))
    if code == "fa":
        return letters.translate(PERSIAN_SOUNDS)
    for pattern, sound in {"es": SPANISH_SOUNDS, "en": ENGLISH_SOUNDS}.get(code, ()):
        letters = pattern.sub(sound, letters)
    return letters


def kana_sounds(text: str) -> Iterator[tuple[str, int, int]]:
    """Each letter, with the bounds in the text of what it stands for.

    Kana are hiragana of one size, and a voiced one is two signs: the voice alone may be misheard.
    """
    for found in KANA.finditer(text):
        written = unicodedata.normalize("NFKC", found.group())
        sound = FOREIGN_KANA.get(written)
        if sound is None:
            sound = "".join(map(_hiragana, written.casefold())).translate(LARGE_KANA)
        if sound.isalnum():
            yield unicodedata.normalize("NFD", sound), found.start(), found.end()


def _hiragana(letter: str) -> str:
    return chr(ord(letter) - 0x60) if "ァ" <= letter <= "ヶ" else letter


def _letters(text: str) -> str:
    """Letters taken apart, without the marks on them."""
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
