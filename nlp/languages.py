"""The one table of languages: what every component needs to know of each.

To add a language, add its row here; to teach it to a component that treats it
specially (sentence ends, search words, few-shot examples), see CONTRIBUTING.md.

Codes are ISO 639-1 where there is one, as Whisper uses them. `nllb` codes are
those of FLORES-200; M2M100 and MADLAD-400 use the ISO code unless the row says
otherwise.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from transcripts.errors import ConfigurationError

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
ja|Japanese|日本語|Japanese|jpn_Jpan
fa|Persian|فارسی|Arabic|pes_Arab
es|Spanish|español|Latin|spa_Latn
ko|Korean|한국어|Hangul|kor_Hang
en|English|English|Latin|eng_Latn
af|Afrikaans|Afrikaans|Latin|afr_Latn
am|Amharic|አማርኛ|Ethiopic|amh_Ethi
ar|Arabic|العربية|Arabic|arb_Arab
as|Assamese|অসমীয়া|Bengali|asm_Beng
az|Azerbaijani|azərbaycan|Latin|azj_Latn
ba|Bashkir|башҡорт|Cyrillic|bak_Cyrl
be|Belarusian|беларуская|Cyrillic|bel_Cyrl
bg|Bulgarian|български|Cyrillic|bul_Cyrl
bn|Bengali|বাংলা|Bengali|ben_Beng
bo|Tibetan|བོད་སྐད་|Tibetan|bod_Tibt
br|Breton|brezhoneg|Latin|
bs|Bosnian|bosanski|Latin|bos_Latn
ca|Catalan|català|Latin|cat_Latn
cs|Czech|čeština|Latin|ces_Latn
cy|Welsh|Cymraeg|Latin|cym_Latn
da|Danish|dansk|Latin|dan_Latn
de|German|Deutsch|Latin|deu_Latn
el|Greek|Ελληνικά|Greek|ell_Grek
et|Estonian|eesti|Latin|est_Latn
eu|Basque|euskara|Latin|eus_Latn
fi|Finnish|suomi|Latin|fin_Latn
fo|Faroese|føroyskt|Latin|fao_Latn
fr|French|français|Latin|fra_Latn
gl|Galician|galego|Latin|glg_Latn
gu|Gujarati|ગુજરાતી|Gujarati|guj_Gujr
ha|Hausa|Hausa|Latin|hau_Latn
haw|Hawaiian|ʻŌlelo Hawaiʻi|Latin|
he|Hebrew|עברית|Hebrew|heb_Hebr
hi|Hindi|हिन्दी|Devanagari|hin_Deva
hr|Croatian|hrvatski|Latin|hrv_Latn
ht|Haitian Creole|kreyòl ayisyen|Latin|hat_Latn
hu|Hungarian|magyar|Latin|hun_Latn
hy|Armenian|հայերեն|Armenian|hye_Armn
id|Indonesian|Bahasa Indonesia|Latin|ind_Latn
is|Icelandic|íslenska|Latin|isl_Latn
it|Italian|italiano|Latin|ita_Latn
jw|Javanese|Jawa|Latin|jav_Latn
ka|Georgian|ქართული|Georgian|kat_Geor
kk|Kazakh|қазақ тілі|Cyrillic|kaz_Cyrl
km|Khmer|ខ្មែរ|Khmer|khm_Khmr
kn|Kannada|ಕನ್ನಡ|Kannada|kan_Knda
la|Latin|Latina|Latin|
lb|Luxembourgish|Lëtzebuergesch|Latin|ltz_Latn
ln|Lingala|lingála|Latin|lin_Latn
lo|Lao|ລາວ|Lao|lao_Laoo
lt|Lithuanian|lietuvių|Latin|lit_Latn
lv|Latvian|latviešu|Latin|lvs_Latn
mg|Malagasy|Malagasy|Latin|plt_Latn
mi|Maori|Māori|Latin|mri_Latn
mk|Macedonian|македонски|Cyrillic|mkd_Cyrl
ml|Malayalam|മലയാളം|Malayalam|mal_Mlym
mn|Mongolian|монгол|Cyrillic|khk_Cyrl
mr|Marathi|मराठी|Devanagari|mar_Deva
ms|Malay|Bahasa Melayu|Latin|zsm_Latn
mt|Maltese|Malti|Latin|mlt_Latn
my|Burmese|မြန်မာ|Myanmar|mya_Mymr
ne|Nepali|नेपाली|Devanagari|npi_Deva
nl|Dutch|Nederlands|Latin|nld_Latn
nn|Norwegian Nynorsk|norsk nynorsk|Latin|nno_Latn
no|Norwegian|norsk|Latin|nob_Latn
oc|Occitan|occitan|Latin|oci_Latn
pa|Punjabi|ਪੰਜਾਬੀ|Gurmukhi|pan_Guru
pl|Polish|polski|Latin|pol_Latn
ps|Pashto|پښتو|Arabic|pbt_Arab
pt|Portuguese|português|Latin|por_Latn
ro|Romanian|română|Latin|ron_Latn
ru|Russian|русский|Cyrillic|rus_Cyrl
sa|Sanskrit|संस्कृतम्|Devanagari|san_Deva
sd|Sindhi|سنڌي|Arabic|snd_Arab
si|Sinhala|සිංහල|Sinhala|sin_Sinh
sk|Slovak|slovenčina|Latin|slk_Latn
sl|Slovenian|slovenščina|Latin|slv_Latn
sn|Shona|chiShona|Latin|sna_Latn
so|Somali|Soomaali|Latin|som_Latn
sq|Albanian|shqip|Latin|als_Latn
sr|Serbian|српски|Cyrillic|srp_Cyrl
su|Sundanese|Basa Sunda|Latin|sun_Latn
sv|Swedish|svenska|Latin|swe_Latn
sw|Swahili|Kiswahili|Latin|swh_Latn
ta|Tamil|தமிழ்|Tamil|tam_Taml
te|Telugu|తెలుగు|Telugu|tel_Telu
tg|Tajik|тоҷикӣ|Cyrillic|tgk_Cyrl
th|Thai|ไทย|Thai|tha_Thai
tk|Turkmen|türkmen dili|Latin|tuk_Latn
tl|Tagalog|Tagalog|Latin|tgl_Latn
tr|Turkish|Türkçe|Latin|tur_Latn
tt|Tatar|татар|Cyrillic|tat_Cyrl
uk|Ukrainian|українська|Cyrillic|ukr_Cyrl
ur|Urdu|اردو|Arabic|urd_Arab
uz|Uzbek|oʻzbek|Latin|uzn_Latn
vi|Vietnamese|Tiếng Việt|Latin|vie_Latn
yi|Yiddish|ייִדיש|Hebrew|ydd_Hebr
yo|Yoruba|Èdè Yorùbá|Latin|yor_Latn
yue|Cantonese|粵語|Han|yue_Hant
zh|Chinese|中文|Han|zho_Hans
"""
# Where a translation model writes a language otherwise than with its ISO code.
_M2M100 = {"jw": "jv", "nn": "no"}
_MADLAD = {"jw": "jv", "he": "iw", "tl": "fil"}


def _row(line: str) -> Language:
    code, name, own_name, script, nllb = line.split("|")
    return Language(code, name, own_name, script, nllb, _M2M100.get(code, code), _MADLAD.get(code, code))


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

    Japanese needs kana unless it is short (names and numbers may be all kanji);
    a text without letters fits any language.
    """
    shares = script_shares(text)
    if not shares:
        return True
    script = language(code).script
    if script == "Japanese":
        own = shares.get("Japanese", 0.0) + shares.get("Han", 0.0)
        return own >= 0.5 and ("Japanese" in shares or len(text) <= 8)
    if script == "Hangul":
        return shares.get("Hangul", 0.0) >= 0.5
    return shares.get(script, 0.0) >= 0.5
