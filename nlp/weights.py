"""Model names become local files: 'embedded:...', 'owner/name' of the model hub, or a path.

A hub name may end in '@' and a revision. Hub models are fetched once (into the hub's
own cache, which HF_HOME moves); models in the transformers format that CTranslate2
is to run are converted once. Nothing is asked of the network for what is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from nlp.cache import Notify, cache_dir, made_once, slug
from nlp.conversion import transformers_to_ctranslate2
from nlp.embedded import assemble, check_installed, embedded_model
from transcripts.errors import ModelError

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
QUANTIZATION = "int8"  # of converted models; CTranslate2 widens them when asked to compute otherwise

# Of a hub repository, what is fetched: one form of the weights, and what is beside them.
WANTED = ["*.json", "*.model", "*.spm", "*.txt", "README.md", "model.bin", "*.safetensors"]
OLDER_WEIGHTS = ["pytorch_model*.bin"]  # pickles, fetched too where there are no other weights: see `_fetch`

# Pickles may hold code. Those of the profiles, by repository: revision to take, sha256 of its weights.
PICKLED = {
    "facebook/m2m100_418M": (
        "55c2e61bbf05dfb8d7abccdc3fae6fc8512fd636",
        "d907ea45e4e4b9db163382a6674f6218b3c59566fe06d77f4055c208b4e87ed1",
    ),
}

SAMPLE_BYTES = 1 << 16  # of a large file, hashed at both ends
WHOLE_BYTES = 1 << 22  # a file up to this size is hashed as a whole


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights that can be loaded. `revision` is a sha256, a hub revision or a digest of the files."""

    name: str
    path: Path
    revision: str
    licence: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What a signature says of weights."""

    revision: str
    licence: str


def silent(line: str) -> None:
    """A notify for where nobody reads."""


def resolve(name: str, notify: Notify, *, convert: bool = True) -> Weights:
    """The file or folder to load for a model name, fetched and put together if need be.

    With `convert`, models in the transformers format are converted for CTranslate2.
    Raises ModelError with what is missing and how to bring it.
    """
    known = describe(name, notify)
    _warn_of_licence(name, known.licence, notify)
    if name.startswith("embedded:"):
        return Weights(name, assemble(name, notify), known.revision, known.licence)
    path = _local_path(name, notify)
    if convert and path.is_dir() and not (path / "model.bin").is_file():
        path = _converted(name, path, known, notify)
    return Weights(name, path, known.revision, known.licence)


def describe(name: str, notify: Notify = silent) -> Identity:
    """Which weights a name stands for, without reading them.

    A hub model that was never here is fetched: its revision is not known before.
    """
    if name.startswith("embedded:"):
        row = embedded_model(name)
        return Identity(row.revision, row.licence)
    if _is_hub_name(name):
        return (_fetched(name) or _fetch(name, notify)).identity
    path = _local_path(name, notify)
    return Identity(_digest(path), _licence_of(name, path))


def at_hand(name: str) -> Identity | None:
    """Which weights a name stands for, if they are on this machine; None for a hub model never fetched.

    Nothing is fetched, put together or converted. Raises ModelError for a name that is nothing, and
    for packages that are missing.
    """
    if name.startswith("embedded:"):
        check_installed(name)
    elif _is_hub_name(name):
        fetched = _fetched(name)
        return fetched.identity if fetched and fetched.path.is_dir() else _in_hub_cache(name)
    return describe(name)


def _in_hub_cache(name: str) -> Identity | None:
    """A hub model that something else brought into the hub's cache."""
    quiet_libraries()
    from huggingface_hub import snapshot_download

    repository, _, revision = name.partition("@")
    try:
        path = Path(snapshot_download(repository, revision=revision or None, local_files_only=True))
    except (OSError, ValueError):
        return None
    return Identity(path.name, _licence_of(name, path))


def identity(name: str, notify: Notify = silent) -> str:
    """The revision of the weights that a name stands for (see `describe`)."""
    return describe(name, notify).revision


def is_commit(revision: str) -> bool:
    """Whether a revision of the hub is a commit: what it stands for cannot be exchanged."""
    return re.fullmatch(r"[0-9a-f]{40}", revision) is not None


def quiet_libraries() -> None:
    """Turn off telemetry of the hub's libraries. Call it before the first import of any."""
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = os.environ["DO_NOT_TRACK"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")


def _is_hub_name(name: str) -> bool:
    return HUB_NAME.fullmatch(name) is not None and not Path(name).expanduser().exists()


def _local_path(name: str, notify: Notify) -> Path:
    """A path as it stands, a hub model fetched. Raises ModelError when it is neither."""
    path = Path(name).expanduser()
    if path.exists():
        return path.resolve()
    if not _is_hub_name(name):
        raise ModelError(
            f"There is no model {name!r}: give 'embedded:...', 'owner/name' of a model on the hub, or the "
            "path of an existing folder or file."
        )
    fetched = _fetched(name)
    return fetched.path if fetched and fetched.path.is_dir() else _fetch(name, notify).path


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A hub model that was brought here."""

    path: Path
    identity: Identity


def _record(name: str) -> Path:
    return cache_dir() / "hub" / f"{slug(name)}.json"


def _fetched(name: str) -> _Fetched | None:
    """What is remembered of a hub model; its path may have gone since."""
    try:
        held = json.loads(_record(name).read_text(encoding="utf-8"))
        return _Fetched(Path(held["path"]), Identity(held["revision"], held["licence"]))
    except (OSError, ValueError, KeyError):
        return None


def _fetch(name: str, notify: Notify) -> _Fetched:
    """Bring a hub model here, or find it in the hub's cache when there is no network.

    What was fetched before is fetched again in the same revision. Pickled weights are taken only in one that
    is pinned, here or in the name; what reads them (transformers) makes nothing of them but arrays.
    """
    quiet_libraries()
    from huggingface_hub import snapshot_download

    repository, _, revision = name.partition("@")
    before = _fetched(name)
    pinned, sha256 = PICKLED.get(repository, ("", ""))
    wanted = revision or (before.identity.revision if before else pinned or None)
    notify(f"Fetching {name} from the model hub ...")
    try:
        path = Path(snapshot_download(repository, revision=wanted, allow_patterns=WANTED))
        if not [*path.glob("*.safetensors"), *path.glob("model.bin")]:
            _check_pinned(name, revision, path.name)
            snapshot_download(repository, revision=path.name, allow_patterns=WANTED + OLDER_WEIGHTS)
            _check_pickle(name, path, sha256 if path.name == pinned else "")
    except (OSError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ModelError(
            f"The model {name} is not on this machine, and the model hub cannot be reached or does not give "
            f"it ({type(error).__name__}: {reason}). To bring it by hand, download it where there is a "
            f"network (hf download {repository} --local-dir FOLDER), copy the folder here, and give its path "
            "in place of the name."
        ) from error
    known = Identity(path.name, _licence_of(name, path))
    record = _record(name)
    record.parent.mkdir(parents=True, exist_ok=True)
    partial = record.with_suffix(f".{os.getpid()}")
    facts = {"path": str(path), "revision": known.revision, "licence": known.licence}
    partial.write_text(json.dumps(facts), encoding="utf-8")
    partial.replace(record)
    return _Fetched(path, known)


def _check_pinned(name: str, revision: str, found: str) -> None:
    repository = name.partition("@")[0]
    if not is_commit(revision) and found != PICKLED.get(repository, ("", ""))[0]:
        raise ModelError(
            f"The weights of {name} are pickles, which may hold code: they are taken in a revision that "
            f"you know alone. Look at it on the hub and name it, as in {repository}@{found}, or take a model "
            "whose weights are safetensors."
        )


def _check_pickle(name: str, folder: Path, sha256: str) -> None:
    """Raises ModelError where the sha256 of pickled weights is known and another."""
    for file in folder.glob(OLDER_WEIGHTS[0]):
        with file.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
        if sha256 and found != sha256:
            raise ModelError(
                f"{name} is not what it should be: the sha256 of {file} is {found} instead of {sha256}. "
                "Remove it, and fetch it again where you trust the network."
            )


def _converted(name: str, source: Path, known: Identity, notify: Notify) -> Path:
    """The CTranslate2 form of a folder in the transformers format."""
    if not (source / "config.json").is_file():
        raise ModelError(
            f"{source} is not a model: it holds neither model.bin (CTranslate2) nor config.json "
            "(transformers)."
        )

    def make(folder: Path) -> None:
        notify(f"Converting {name} for CTranslate2 (once) ...")
        quiet_libraries()
        transformers_to_ctranslate2(source, folder, QUANTIZATION)

    short = slug(source.name if source.name != known.revision else name)
    facts = {"name": name, "revision": known.revision, "licence": known.licence, "quantization": QUANTIZATION}
    return made_once(f"{short}-{known.revision[:12]}-{QUANTIZATION}", facts, make)


def _digest(path: Path) -> str:
    """A digest of a file's or folder's content that is cheap: of large files, size and both ends."""
    digest = hashlib.sha256()
    root = path if path.is_dir() else path.parent
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        name = file.relative_to(root)
        if file.is_file() and not any(part.startswith(".") for part in name.parts):
            size = file.stat().st_size
            digest.update(f"{name}\0{size}\0".encode())
            with file.open("rb") as content:
                digest.update(content.read(size if size <= WHOLE_BYTES else SAMPLE_BYTES))
                content.seek(max(0, size - SAMPLE_BYTES))
                digest.update(content.read())
    return digest.hexdigest()


def _licence_of(name: str, path: Path) -> str:
    """What the model card beside the weights says, in its YAML head."""
    card = path / "README.md"
    if card.is_file():
        head = card.read_text(encoding="utf-8", errors="replace").split("---")
        found = re.search(r"^license:\s*[\"']?([\w.+-]+)", head[1] if len(head) > 2 else "", re.MULTILINE)
        if found:
            return found[1]
    return "CC-BY-NC-4.0" if "nllb" in name.casefold() else "unknown"


def _warn_of_licence(name: str, licence: str, notify: Notify) -> None:
    if "nllb" in name.casefold() or "-nc" in licence.casefold():
        notify(
            f"Mind the licence of {name}: {licence} forbids commercial use, of the model and of what it "
            "writes."
        )
