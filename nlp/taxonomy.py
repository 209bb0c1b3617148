"""Themes as data: what `configs/themes.yaml` says, checked and frozen."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from nlp.languages import LANGUAGES
from transcripts.errors import ConfigurationError
from transcripts.records import digest_of

VERSION = 1
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Remark:
    """Something a person might say, and in which language."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme, with remarks that belong to it and some that only sound like it."""

    id: str
    names: Mapping[str, str]  # by language; English at least
    description: str
    examples: tuple[Remark, ...] = ()
    counter_examples: tuple[Remark, ...] = ()
    terms: tuple[Remark, ...] = ()  # words that show the theme where they are said; they decide nothing
    broader: str = ""  # id of the theme that this one is part of
    colour: str = ""  # '#rrggbb', for pictures

    def name(self, language: str) -> str:
        """What the theme is called in a language, or else in English."""
        return self.names.get(language, self.names["en"])


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """The themes, and talk that has none."""

    themes: tuple[Theme, ...]
    background: tuple[Remark, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(theme.id for theme in self.themes)

    @property
    def digest(self) -> str:
        """Names what tags depend on: all but how the themes are shown."""
        content = asdict(self)
        for theme in content["themes"]:
            for shown in ("names", "broader", "colour"):
                del theme[shown]
        return digest_of(content)

    def narrower(self, theme_id: str) -> tuple[str, ...]:
        """The themes that are part of a theme."""
        return tuple(theme.id for theme in self.themes if theme.broader == theme_id)


def packaged_themes() -> Path:
    """The themes file that comes with symposia."""
    return Path(str(files("configs") / "themes.yaml"))


def load_taxonomy(path: Path) -> Taxonomy:
    """Read a themes file. Raises ConfigurationError with every mistake found in it."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        held = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error.strerror}): give the path of a themes file."
        ) from error
    except (YAMLError, ValueError, RecursionError) as error:  # a date that cannot be is a ValueError
        raise ConfigurationError(f"{path} is not valid YAML: {error}") from error
    reading = _Reading()
    taxonomy = reading.taxonomy(held)
    if reading.mistakes:
        listed = "\n".join(f"  {mistake}" for mistake in reading.mistakes)
        raise ConfigurationError(f"{path} is not a valid themes file:\n{listed}")
    return taxonomy


class _Reading:
    """Turns parsed YAML into a taxonomy and collects what is wrong with it, each with its key path."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []

    def taxonomy(self, held: Any) -> Taxonomy:
        top = self._mapping(held, "the file", {"version", "themes", "background"})
        if top and top.get("version", VERSION) != VERSION:
            self.mistakes.append(f"version: {top['version']!r} is not known; write version: {VERSION}.")
        listed = top.get("themes")
        if not isinstance(listed, list) or not listed:
            self.mistakes.append("themes: must be a list of one theme or more.")
            listed = []
        themes = [self._theme(each, f"themes[{number}]") for number, each in enumerate(listed)]
        seen: dict[str, int] = {}
        for number, theme in enumerate(themes):
            if theme.id in seen:
                self.mistakes.append(
                    f"themes[{number}].id: {theme.id!r} is already the id of themes[{seen[theme.id]}]; "
                    "choose another."
                )
            seen.setdefault(theme.id, number)
        self._check_broader(themes)
        background = tuple(self._remarks(top.get("background"), "background"))
        taxonomy = Taxonomy(tuple(themes), background)
        self._check_contrast(taxonomy)
        return taxonomy

    def _theme(self, held: Any, at: str) -> Theme:
        keys = {"id", "names", "description", "examples", "counter_examples", "terms", "broader", "colour"}
        each = self._mapping(held, at, keys)
        theme_id = each.get("id")
        if not isinstance(theme_id, str) or not ID.fullmatch(theme_id):
            self.mistakes.append(
                f"{at}.id: {theme_id!r} must be letters, digits, '-' and '_', such as 'ethics'."
            )
        names = self._mapping(each.get("names"), f"{at}.names", set(LANGUAGES))
        if "en" not in names:
            self.mistakes.append(f"{at}.names: an English name (en) is needed.")
        words = {code: self._text(name, f"{at}.names.{code}") for code, name in names.items()}
        colour = each.get("colour", "")
        if colour and not (isinstance(colour, str) and COLOUR.fullmatch(colour)):
            self.mistakes.append(f"{at}.colour: {colour!r} must be a colour such as '#3366cc', in quotes.")
        return Theme(
            id=str(theme_id),
            names={"en": "", **words},
            description=self._text(each.get("description"), f"{at}.description"),
            examples=tuple(self._remarks(each.get("examples"), f"{at}.examples")),
            counter_examples=tuple(self._remarks(each.get("counter_examples"), f"{at}.counter_examples")),
            terms=tuple(self._remarks(each.get("terms"), f"{at}.terms")),
            broader=str(each.get("broader") or ""),
            colour=str(colour),
        )

    def _check_broader(self, themes: Sequence[Theme]) -> None:
        """Every broader theme is one of the file's, and none leads back to where it began."""
        broader = {theme.id: theme.broader for theme in themes}
        for number, theme in enumerate(themes):
            if theme.broader and theme.broader not in broader:
                near = difflib.get_close_matches(theme.broader, broader, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"the file has {', '.join(broader)}."
                self.mistakes.append(f"themes[{number}].broader: there is no theme {theme.broader!r}; {hint}")
            way = [theme.id]
            while (above := broader.get(way[-1], "")) and above not in way:
                way.append(above)
            if above == theme.id:
                circle = " > ".join([*way, above])
                self.mistakes.append(f"themes[{number}].broader: {circle} is a circle; take one out.")

    def _check_contrast(self, taxonomy: Taxonomy) -> None:
        """Every theme has talk that does not belong to it: what is told apart is learned from both."""
        own = [{each.description, *(e.text for e in each.examples)} for each in taxonomy.themes]
        others = [e.text for each in taxonomy.themes for e in each.counter_examples]
        every = set(others).union((e.text for e in taxonomy.background), *own)
        for number, texts in enumerate(own):
            if not every - texts and "" not in texts:
                name = taxonomy.themes[number].id
                self.mistakes.append(f"background: theme {name!r} needs talk that does not belong to it.")

    def _remarks(self, held: Any, at: str) -> Iterator[Remark]:
        if held is None:
            return
        for code, texts in self._mapping(held, at, set(LANGUAGES)).items():
            if not isinstance(texts, list):
                self.mistakes.append(f"{at}.{code}: must be a list of remarks.")
                continue
            for number, text in enumerate(texts):
                yield Remark(code, self._text(text, f"{at}.{code}[{number}]"))

    def _mapping(self, held: Any, at: str, known: set[str]) -> dict[str, Any]:
        if not isinstance(held, dict):
            self.mistakes.append(f"{at}: must be a mapping of {_some(known)}.")
            return {}
        for key in held:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"known are {_some(known)}."
                self.mistakes.append(f"{at}: unknown key {key!r}; {hint}")
        return {key: value for key, value in held.items() if key in known}

    def _text(self, held: Any, at: str) -> str:
        if not isinstance(held, str) or not held.strip():
            self.mistakes.append(f"{at}: must be a text that is not empty, in quotes if need be.")
            return ""
        return held.strip()


def _some(known: set[str]) -> str:
    return ", ".join(sorted(known)) if len(known) < 12 else "language codes such as en, ja and fa"
