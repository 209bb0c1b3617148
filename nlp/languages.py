"""The one table of languages: what every component needs to know of each.

To add a language, add its row here; to teach it to a component that treats it
specially (sentence ends, search words, few-shot examples), see CONTRIBUTING.md.

Codes are ISO 639-1 where there is one, as Whisper uses them. `nllb` codes are
those of FLORES-200; `speech_hours` is how much of a language Whisper was trained to
transcribe (Radford et al. 2022, https://arxiv.org/abs/2212.04356, appendix E, in round
figures; 1 where it is less or not given); M2M100 and MADLAD-400 use the ISO code unless the row says
otherwise.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from transcripts.errors import ConfigurationError

ALL_KANJI_LETTERS = 8  # up to which a piece of Japanese may have no kana
BETWEEN_NAMES = re.compile(r"[、・。\s]+")  # in Japanese; Chinese has another comma
RIGHT_TO_LEFT = {"Arabic", "Hebrew"}
UNSPACED = {"Japanese", "Han", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan"}


@dataclass(frozen=True, slots=True)
class Language:
    """One language. `script` is the script its writing is mostly in."""

    code: str
    name: str
    own_name: str
    script: str
    nllb: str
    speech_hours: float
    m2m100: str | None = None
    madlad: str | None = None

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        return "rtl" if self.script in RIGHT_TO_LEFT else "ltr"

    @property
    def spaced(self) -> bool:
        """Whether words are written with blanks between them."""
        return self.script not in UNSPACED


_ROWS = """
ja|Japanese|日本語|Japanese|jpn_Jpan|7054
fa|Persian|فارسی|Arabic|pes_Arab|24
es|Spanish|español|Latin|spa_Latn|11100
ko|Korean|한국어|Hangul|kor_Hang|7993
en|English|English|Latin|eng_Latn|438218
af|Afrikaans|Afrikaans|Latin|afr_Latn|4
am|Amharic|አማርኛ|Ethiopic|amh_Ethi|1
ar|Arabic|العربية|Arabic|arb_Arab|739
as|Assamese|অসমীয়া|Bengali|asm_Beng|1
az|Azerbaijani|azərbaycan|Latin|azj_Latn|47
ba|Bashkir|башҡорт|Cyrillic|bak_Cyrl|1
be|Belarusian|беларуская|Cyrillic|bel_Cyrl|1
bg|Bulgarian|български|Cyrillic|bul_Cyrl|86
bn|Bengali|বাংলা|Bengali|ben_Beng|1
bo|Tibetan|བོད་སྐད་|Tibetan|bod_Tibt|1
br|Breton|brezhoneg|Latin||1
bs|Bosnian|bosanski|Latin|bos_Latn|11
ca|Catalan|català|Latin|cat_Latn|1883
cs|Czech|čeština|Latin|ces_Latn|192
cy|Welsh|Cymraeg|Latin|cym_Latn|73
da|Danish|dansk|Latin|dan_Latn|386
de|German|Deutsch|Latin|deu_Latn|13344
el|Greek|Ελληνικά|Greek|ell_Grek|529
et|Estonian|eesti|Latin|est_Latn|41
eu|Basque|euskara|Latin|eus_Latn|21
fi|Finnish|suomi|Latin|fin_Latn|1066
fo|Faroese|føroyskt|Latin|fao_Latn|1
fr|French|français|Latin|fra_Latn|9752
gl|Galician|galego|Latin|glg_Latn|9
gu|Gujarati|ગુજરાતી|Gujarati|guj_Gujr|1
ha|Hausa|Hausa|Latin|hau_Latn|1
haw|Hawaiian|ʻŌlelo Hawaiʻi|Latin||1
he|Hebrew|עברית|Hebrew|heb_Hebr|688
hi|Hindi|हिन्दी|Devanagari|hin_Deva|12
hr|Croatian|hrvatski|Latin|hrv_Latn|91
ht|Haitian Creole|kreyòl ayisyen|Latin|hat_Latn|1
hu|Hungarian|magyar|Latin|hun_Latn|379
hy|Armenian|հայերեն|Armenian|hye_Armn|13
id|Indonesian|Bahasa Indonesia|Latin|ind_Latn|1014
is|Icelandic|íslenska|Latin|isl_Latn|16
it|Italian|italiano|Latin|ita_Latn|2585
jw|Javanese|Jawa|Latin|jav_Latn|1
ka|Georgian|ქართული|Georgian|kat_Geor|1
kk|Kazakh|қазақ тілі|Cyrillic|kaz_Cyrl|12
km|Khmer|ខ្មែរ|Khmer|khm_Khmr|1
kn|Kannada|ಕನ್ನಡ|Kannada|kan_Knda|4
la|Latin|Latina|Latin||1
lb|Luxembourgish|Lëtzebuergesch|Latin|ltz_Latn|1
ln|Lingala|lingála|Latin|lin_Latn|1
lo|Lao|ລາວ|Lao|lao_Laoo|1
lt|Lithuanian|lietuvių|Latin|lit_Latn|67
lv|Latvian|latviešu|Latin|lvs_Latn|65
mg|Malagasy|Malagasy|Latin|plt_Latn|1
mi|Maori|Māori|Latin|mri_Latn|1
mk|Macedonian|македонски|Cyrillic|mkd_Cyrl|16
ml|Malayalam|മലയാളം|Malayalam|mal_Mlym|1
mn|Mongolian|монгол|Cyrillic|khk_Cyrl|1
mr|Marathi|मराठी|Devanagari|mar_Deva|1
ms|Malay|Bahasa Melayu|Latin|zsm_Latn|1
mt|Maltese|Malti|Latin|mlt_Latn|1
my|Burmese|မြန်မာ|Myanmar|mya_Mymr|1
ne|Nepali|नेपाली|Devanagari|npi_Deva|1
nl|Dutch|Nederlands|Latin|nld_Latn|2077
nn|Norwegian Nynorsk|norsk nynorsk|Latin|nno_Latn|1
no|Norwegian|norsk|Latin|nob_Latn|266
oc|Occitan|occitan|Latin|oci_Latn|1
pa|Punjabi|ਪੰਜਾਬੀ|Gurmukhi|pan_Guru|1
pl|Polish|polski|Latin|pol_Latn|4278
ps|Pashto|پښتو|Arabic|pbt_Arab|1
pt|Portuguese|português|Latin|por_Latn|8573
ro|Romanian|română|Latin|ron_Latn|356
ru|Russian|русский|Cyrillic|rus_Cyrl|9761
sa|Sanskrit|संस्कृतम्|Devanagari|san_Deva|1
sd|Sindhi|سنڌي|Arabic|snd_Arab|1
si|Sinhala|සිංහල|Sinhala|sin_Sinh|1
sk|Slovak|slovenčina|Latin|slk_Latn|90
sl|Slovenian|slovenščina|Latin|slv_Latn|41
sn|Shona|chiShona|Latin|sna_Latn|1
so|Somali|Soomaali|Latin|som_Latn|1
sq|Albanian|shqip|Latin|als_Latn|6
sr|Serbian|српски|Cyrillic|srp_Cyrl|28
su|Sundanese|Basa Sunda|Latin|sun_Latn|1
sv|Swedish|svenska|Latin|swe_Latn|2119
sw|Swahili|Kiswahili|Latin|swh_Latn|5
ta|Tamil|தமிழ்|Tamil|tam_Taml|136
te|Telugu|తెలుగు|Telugu|tel_Telu|4
tg|Tajik|тоҷикӣ|Cyrillic|tgk_Cyrl|1
th|Thai|ไทย|Thai|tha_Thai|226
tk|Turkmen|türkmen dili|Latin|tuk_Latn|1
tl|Tagalog|Tagalog|Latin|tgl_Latn|1
tr|Turkish|Türkçe|Latin|tur_Latn|4333
tt|Tatar|татар|Cyrillic|tat_Cyrl|1
uk|Ukrainian|українська|Cyrillic|ukr_Cyrl|697
ur|Urdu|اردو|Arabic|urd_Arab|104
uz|Uzbek|oʻzbek|Latin|uzn_Latn|1
vi|Vietnamese|Tiếng Việt|Latin|vie_Latn|691
yi|Yiddish|ייִדיש|Hebrew|ydd_Hebr|1
yo|Yoruba|Èdè Yorùbá|Latin|yor_Latn|1
yue|Cantonese|粵語|Han|yue_Hant|1
zh|Chinese|中文|Han|zho_Hans|23446
"""
# Where a translation model writes a language otherwise than with its ISO code.
_M2M100 = {"jw": "jv", "nn": "no"}
_MADLAD = {"jw": "jv", "he": "iw", "tl": "fil"}


def _row(line: str) -> Language:
    code, name, own_name, script, nllb, hours = line.split("|")
    m2m100, madlad = _M2M100.get(code, code), _MADLAD.get(code, code)
    return Language(code, name, own_name, script, nllb, float(hours), m2m100, madlad)


LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {row.code: row for row in map(_row, _ROWS.strip().splitlines())}
)


def language(code: str) -> Language:
    """The language with this code.

    Raises ConfigurationError, naming the code and a remedy, when it is unknown.
    """
    try:
        return LANGUAGES[code]
    except KeyError:
        by_name = {row.name.casefold(): row.code for row in LANGUAGES.values()}
        hint = by_name.get(code.casefold()) or by_name.get(code.partition("-")[0].casefold())
        hint = hint or (code[:2].casefold() if code[:2].casefold() in LANGUAGES else None)
        remedy = f"write {hint!r}" if hint else "use a two-letter ISO 639-1 code such as 'ja', 'fa' or 'en'"
        raise ConfigurationError(f"unknown language {code!r}: {remedy}.") from None


@lru_cache(maxsize=4096)
def _script_of(character: str) -> str | None:
    """The script of one letter, by its Unicode name; None for what has none."""
    if not character.isalpha():
        return None
    first = unicodedata.name(character, "").split(" ")[0].removesuffix("-1")
    names = {"HIRAGANA": "Japanese", "KATAKANA": "Japanese", "KATAKANA-HIRAGANA": "Japanese", "CJK": "Han"}
    return names.get(first, first.title()) or None


def script_shares(text: str) -> dict[str, float]:
    """Share of a text's letters in each script ('Latin', 'Arabic', 'Hangul', 'Japanese' for kana, 'Han')."""
    counts = Counter(filter(None, map(_script_of, unicodedata.normalize("NFKC", text))))
    total = sum(counts.values())
    return {script: count / total for script, count in counts.items()}


def fits_script(text: str, code: str) -> bool:
    """Whether a text looks written in the script of a language.

    Japanese needs kana unless it is short, or a list of what is short (names and numbers may be all
    kanji); a text without letters fits any language.
    """
    shares = script_shares(text)
    if not shares:
        return True
    script = language(code).script
    if script == "Japanese":
        own = shares.get("Japanese", 0.0) + shares.get("Han", 0.0)
        short = all(len(piece) <= ALL_KANJI_LETTERS for piece in BETWEEN_NAMES.split(text))
        return own >= 0.5 and ("Japanese" in shares or short)
    if script == "Hangul":
        return shares.get("Hangul", 0.0) >= 0.5
    return shares.get(script, 0.0) >= 0.5
