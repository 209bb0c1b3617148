"""YAML files that people write: read safely, checked whole, every mistake told at once.

A mistake is told on a line of its own as `FILE:LINE: KEY PATH: what is wrong: remedy.`
Reading is YAML 1.2, so that `no` is Norwegian and 12:30 is text. Text, numbers,
true/false and nothing else are understood; no tag ever makes an object.
"""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from transcripts.errors import ConfigurationError

Keys = tuple[str | int, ...]  # where a value stands: ("panels", 1, "languages", 0)

MOST_BYTES = 4_000_000  # a glossary of some 20,000 names; more is not a file that a person wrote
MOST_VALUES = 200_000  # aliases of aliases grow beyond any memory ("YAML bomb")
DEEPEST = 20

_BREAKS = re.compile("[\x85\u2028\u2029]")  # lines end at them in YAML 1.1, and so for the parser in C
_TAG = "tag:yaml.org,2002:"
_NUMBERS = {f"{_TAG}{name}" for name in ("int", "float", "bool", "null")}
_TEXTS = {f"{_TAG}{name}" for name in ("str", "timestamp", "merge", "value")}


class Described(BaseModel):
    """A part of a file: no unknown keys, never changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


Part = TypeVar("Part", bound=Described)


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake at one place of a file. `what` ends with the remedy."""

    keys: Keys
    what: str


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A file as plain data (dict, list, str, int, float, bool, None) with the line of each value."""

    path: Path
    data: Any
    lines: Mapping[Keys, int]
    problems: tuple[Problem, ...]  # what YAML allows and we do not, as a key given twice

    @property
    def folder(self) -> Path:
        """Where relative paths in the file start."""
        return self.path.resolve().parent

    def error(self, problems: Iterable[Problem]) -> ConfigurationError:
        """All problems as one error, in the order of their lines."""
        told = {f"{self.path}:{self._line(each)}: {_path_text(each)}{each.what}": each for each in problems}
        return ConfigurationError("\n".join(sorted(told, key=lambda text: self._line(told[text]))))

    def _line(self, problem: Problem) -> int:
        keys = problem.keys
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return self.lines.get(keys, 1)


def configs_dir() -> Path:
    """The folder of the profiles, themes and demo that come with symposia, installed or in a checkout."""
    return Path(str(resources.files("configs")))


def suggestion(value: object, known: Iterable[str]) -> str:
    """', did you mean ...?' where a known word is near, else nothing."""
    folded = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(str(value).casefold(), folded, n=1)
    return f", did you mean {folded[near[0]]!r}?" if near else ""


def resolved(value: str, info: ValidationInfo) -> Path:
    """A path of the file being validated, absolute. Raises ValueError for what cannot be a path."""
    folder: Path = info.context["folder"] if info.context else Path.cwd()
    try:
        path = (folder / Path(value.strip()).expanduser()).resolve()
        path.lstat()
    except FileNotFoundError:
        pass  # whether a missing file matters is for the caller to say
    except (OSError, RuntimeError, ValueError) as error:  # a name too long, no such home, a NUL
        raise ValueError(f"{value!r} cannot be opened ({error}): write the path of a file.") from None
    return path


def read_yaml(path: Path) -> YamlFile:
    """Read a YAML file whose top is keys and values.

    Raises ConfigurationError when it cannot be read, is not UTF-8 or is not YAML.
    """
    text = _text_of(path)
    top = None if _BREAKS.search(text) else _composed(path, text, pure=False)
    top = top or _composed(path, text, pure=True)
    if not isinstance(top, MappingNode):
        raise ConfigurationError(
            f"{path}: {'is empty' if top is None else 'holds no keys'}: write lines such as 'key: value', "
            "docs/conference.md says which."
        )
    reader = _Reader(path)
    data = reader.plain(top, ())
    file = YamlFile(path, data, reader.lines, tuple(reader.problems))
    if not isinstance(data, dict):  # a tag makes something else of it
        raise file.error(file.problems)
    return file


def validated(model: type[Part], file: YamlFile, more: Iterable[Problem] = (), **context: object) -> Part:
    """The file as `model`, its paths taken from the folder of the file.

    `more` are mistakes found by other means; validators get `context` too. Raises ConfigurationError with
    all mistakes.
    """
    problems = [*file.problems, *more]
    try:
        result = model.model_validate(file.data, context={"folder": file.folder, **context})
    except ValidationError as error:
        details = error.errors(include_url=False)
        # pydantic also calls a list too short when all that is in it is mistaken
        kept = (each for each in details if not (each["type"] == "too_short" and each["input"]))
        problems += (_problem(each, model) for each in kept)
    if problems:
        raise file.error(problems)
    return result


def _text_of(path: Path) -> str:
    try:
        if path.is_dir():
            raise ConfigurationError(f"{path} is a folder: name the YAML file in it.")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error.strerror}): check the path and its permissions."
        ) from error
    if len(content) > MOST_BYTES:
        raise ConfigurationError(
            f"{path} is larger than {MOST_BYTES:,} bytes: name a YAML file, not a recording."
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"{path}:{line}: not UTF-8 (byte 0x{content[error.start]:02x}): save the file as UTF-8."
        ) from error


def _composed(path: Path, text: str, *, pure: bool) -> Node | None:
    """The nodes of a text, by a parser in Python or by one in C, five times as fast; None for none.

    The one in C refuses some YAML 1.2, such as 12:30 in brackets, and says less of what is wrong: what it
    makes nothing of is for the other to read.
    """
    try:
        if _deepest(text, pure=pure) > DEEPEST:
            raise ConfigurationError(f"{path}: brackets nested too deeply: close them, or write fewer.")
        top: Node | None = YAML(typ="safe", pure=pure).compose(text)
        return top
    except MarkedYAMLError as error:
        if not pure:
            return None
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(
            f"{path}:{line}: not YAML ({error.problem}): check the indentation and the brackets there, use "
            "blanks instead of tabs, and put values that hold ': ', '#' or a quotation mark in quotes."
        ) from error
    except YAMLError as error:
        if not pure:
            return None
        reason = str(error).splitlines()[0]
        raise ConfigurationError(
            f"{path}: not YAML ({reason}): save it again as plain UTF-8 text."
        ) from error


def _deepest(text: str, *, pure: bool) -> int:
    """How deep values are nested, no further than what is too deep: composing goes one call deeper each."""
    depth = deepest = 0
    for event in YAML(typ="safe", pure=pure).parse(text):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        deepest = max(deepest, depth)
        if deepest > DEEPEST:
            break
    return deepest


class _Reader:
    """Turns the nodes of one file into plain data, noting lines and mistakes on the way."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[Keys, int] = {}
        self.problems: list[Problem] = []
        self._scalars = YAML(typ="safe", pure=True).constructor

    def plain(self, node: Node, keys: Keys) -> object:
        self.lines.setdefault(keys, node.start_mark.line + 1)
        if len(self.lines) > MOST_VALUES or len(keys) > DEEPEST:
            raise ConfigurationError(
                f"{self.path}:{node.start_mark.line + 1}: too many or too deeply nested values (more than "
                f"{MOST_VALUES:,}, or {DEEPEST} deep): write them out instead of using aliases (*name)."
            )
        if isinstance(node, MappingNode) and node.tag == f"{_TAG}map":
            return dict(self._items(node, keys))
        if isinstance(node, SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.plain(each, (*keys, at)) for at, each in enumerate(node.value)]
        if isinstance(node, ScalarNode) and node.tag in _NUMBERS | _TEXTS:
            return self._scalar(node)
        self.problems.append(Problem(keys, f"has the tag {node.tag!r}: remove it, plain values are enough."))
        return None

    def _items(self, node: MappingNode, keys: Keys) -> Iterator[tuple[str, object]]:
        first_lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self.problems.append(Problem(keys, f"line {line}: a key must be a single word, not a list."))
                continue
            key = str(key_node.value)
            inner = (*keys, key)
            if key in first_lines:
                what = f"given twice, on lines {first_lines[key]} and {line}: keep one."
                self.problems.append(Problem(inner, what))
                continue
            first_lines[key] = self.lines[inner] = line
            yield key, self.plain(value_node, inner)

    def _scalar(self, node: ScalarNode) -> object:
        if node.tag in _NUMBERS:
            try:
                return self._scalars.construct_object(node)
            except (YAMLError, ValueError):
                pass  # as a number of more digits than Python reads
        return str(node.value)


def _path_text(problem: Problem) -> str:
    """`panels[1].languages[0]: ` for a place in the file, nothing for its top."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in problem.keys)
    return f"{text.removeprefix('.')}: " if text else ""


def _problem(error: ErrorDetails, model: type[BaseModel]) -> Problem:
    """A mistake that pydantic found, in our words."""
    keys: Keys = tuple(key for key in error["loc"] if key != "[key]")
    value, context = error["input"], error.get("ctx", {})
    shown = (
        "a list" if isinstance(value, list) else "keys and values" if isinstance(value, dict) else repr(value)
    )
    match error["type"]:
        case "extra_forbidden":
            known = _fields_at(model, keys[:-1])
            near = suggestion(keys[-1], known) or f": the keys here are {', '.join(known)}."
            what = f"unknown key{near}"
        case "missing":
            parent = _fields_at(model, keys[:-1])
            what = f"is missing: add it ({parent[str(keys[-1])]})."
        case "value_error":
            what = str(context["error"])
        case "string_type":
            what = f"must be text, not {shown}: {'fill it in' if value is None else 'put it in quotes'}."
        case "string_too_short" | "too_short":
            what = "must not be empty: fill it in, or remove the key if it is optional."
        case "literal_error":
            what = f"{shown} is not known: choose from {context['expected']}."
        case "tuple_type" | "list_type":
            what = f"must be a list, not {shown}: write it as [...] or on lines that begin with '- '."
        case "model_type" | "dict_type":
            what = f"must be keys and values, not {shown}: write lines such as 'key: value' below it."
        case _:
            what = f"{error['msg'][0].lower()}{error['msg'][1:]}, not {shown}: see docs/conference.md."
    return Problem(keys, what)


def _fields_at(model: type[BaseModel], keys: Keys) -> dict[str, str]:
    """The keys that are allowed at a place, with their descriptions."""
    for key in keys:
        if isinstance(key, str):
            model = next(_models_in(model.model_fields[key].annotation))
    return {name: field.description or "" for name, field in model.model_fields.items()}


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models_in(part)
