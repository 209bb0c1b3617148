"""Model names become local files: packages, hub and paths; what is kept is whole or not there."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import tiny_models

from nlp import embedded
from nlp.cache import MARKER, cache_dir, made_once, marker
from nlp.conversion import gemma_gguf_to_ctranslate2, torch_checkpoint_to_npz
from nlp.embedded import ADAPTATION, ADAPTED, EMBEDDED, EmbeddedModel
from nlp.weights import PICKLED, describe, identity, resolve, silent
from transcripts.errors import ModelError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for each test, and no network."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SYMPOSIA_CACHE", str(folder))
    return folder


def install(folder: Path, package: str, files: dict[str, bytes]) -> None:
    """A package as pip leaves it, as far as its metadata and files go."""
    info = folder / f"{package.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8"
    )
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two packages that hold the halves of a model 'embedded:tiny'; the folder they are in."""
    site = tmp_path / "site"
    install(site, "tiny-part1", {"tiny_part1/data/a": b"half ", "tiny_part1/data/vocabulary.txt": b"words"})
    install(site, "tiny-part2", {"tiny_part2/data/b": b"and half"})
    monkeypatch.syspath_prepend(str(site))
    model = EmbeddedModel(
        parts=(("tiny-part1", "tiny_part1/data/a"), ("tiny-part2", "tiny_part2/data/b")),
        beside=(("tiny-part1", "tiny_part1/data/vocabulary.txt"),),
        sha256=hashlib.sha256(b"half and half").hexdigest(),
        licence="MIT",
        finish=embedded._whisper,
        saying="Putting together",
    )
    monkeypatch.setattr(embedded, "EMBEDDED", MappingProxyType({"embedded:tiny": model}))
    return site


# The cache


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache_dir() == tmp_path / "cache"
    monkeypatch.delenv("SYMPOSIA_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    if sys.platform == "linux":
        assert cache_dir() == tmp_path / "xdg" / "symposia"


def test_a_cache_that_nobody_has_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMPOSIA_CACHE", "~nobody-of-this-name/cache")
    with pytest.raises(ModelError, match=r"SYMPOSIA_CACHE is '~nobody-of-this-name/cache' .*name a folder"):
        cache_dir()


def writes(content: str, calls: list[str] | None = None) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        if calls is not None:
            calls.append(content)
        (folder / "file").write_text(content, encoding="utf-8")

    return make


def test_a_folder_is_made_once_and_remembered() -> None:
    calls: list[str] = []
    first = made_once("key", {"name": "n"}, writes("one", calls))
    assert made_once("key", {"name": "n"}, writes("two", calls)) == first
    assert calls == ["one"]
    assert (first / "file").read_text(encoding="utf-8") == "one"
    assert marker(first) == {"name": "n"}


@pytest.mark.parametrize("damage", ["truncated", "deleted", "unmarked"])
def test_a_damaged_folder_is_made_again(damage: str) -> None:
    folder = made_once("key", {}, writes("one"))
    if damage == "truncated":
        (folder / "file").write_text("o", encoding="utf-8")
    else:
        (folder / ("file" if damage == "deleted" else MARKER)).unlink()
    made_once("key", {}, writes("two"))
    assert (folder / "file").read_text(encoding="utf-8") == "two"


def test_a_failure_leaves_nothing_and_goes_through(cache: Path) -> None:
    def fails(folder: Path) -> None:
        (folder / "half").write_text("x", encoding="utf-8")
        raise ModelError("damaged")

    with pytest.raises(ModelError, match="damaged"):
        made_once("key", {}, fails)
    assert [path.name for path in (cache / "weights").iterdir()] == ["key.lock"]


def test_what_a_killed_process_left_is_swept_away(cache: Path) -> None:
    left = cache / "weights" / ".building-key-abc"
    left.mkdir(parents=True)
    made_once("key", {}, writes("one"))
    assert not left.exists()


def test_a_full_disk_is_told_with_the_place_and_the_remedy(cache: Path) -> None:
    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ModelError, match=r"No space left on device; \d+ MB free.*SYMPOSIA_CACHE"):
        made_once("key", {}, full)


def test_a_cache_that_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("SYMPOSIA_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="cannot be written"):
        made_once("key", {}, writes("one"))


def test_two_that_want_the_same_wait_for_each_other() -> None:
    calls: list[str] = []
    started = threading.Event()

    def slow(folder: Path) -> None:
        started.set()
        writes("one", calls)(folder)
        started.wait(0.2)

    threads = [threading.Thread(target=made_once, args=("key", {}, slow)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == ["one"]


# Embedded models


def test_an_embedded_model_is_put_together_once(packed: Path) -> None:
    said: list[str] = []
    weights = resolve("embedded:tiny", said.append)
    assert (weights.path / "model.bin").read_bytes() == b"half and half"
    assert (weights.path / "vocabulary.txt").read_bytes() == b"words"
    assert not (weights.path / "joined").exists()
    assert weights.licence == "MIT"
    assert weights.revision == identity("embedded:tiny")
    assert resolve("embedded:tiny", said.append) == weights
    assert said == ["Putting together ..."]


def test_a_damaged_package_is_told_with_both_sums(packed: Path) -> None:
    (packed / "tiny_part2/data/b").write_bytes(b"and more")
    with pytest.raises(
        ModelError, match=r"damaged: its sha256 is \w{64} instead of \w{64}.*--force-reinstall"
    ):
        resolve("embedded:tiny", silent)


def test_a_missing_package_is_told_with_the_command(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(packed)])
    with pytest.raises(
        ModelError, match=r"tiny-part1, which is not installed.*pip install 'symposia\[embedded\]'"
    ):
        resolve("embedded:tiny", silent)


def test_a_package_without_its_file_is_told(packed: Path) -> None:
    (packed / "tiny_part2/data/b").unlink()
    with pytest.raises(ModelError, match=r"tiny-part2 1\.0 has no tiny_part2/data/b"):
        resolve("embedded:tiny", silent)


def test_an_unknown_embedded_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"embedded:whisper-base.*embedded:ge2e"):
        resolve("embedded:tacotron", silent)


def test_knowing_a_revision_costs_nothing() -> None:
    """Neither a library of models nor the cache is touched."""
    program = (
        "import sys; from nlp.weights import identity; print(identity('embedded:gemma-3-270m')); "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    revision, modules = done.stdout.splitlines()
    assert revision == EMBEDDED["embedded:gemma-3-270m"].sha256
    assert not {"torch", "transformers", "ctranslate2", "gguf", "huggingface_hub"} & set(modules.split())


@pytest.mark.model
def test_the_packaged_weights_are_those_of_the_table(cache: Path) -> None:
    import ctranslate2

    whisper = resolve("embedded:whisper-base", silent).path
    assert sorted(path.name for path in whisper.iterdir()) == [
        "config.json",
        "model.bin",
        MARKER,
        "tokenizer.json",
        "vocabulary.txt",
    ]
    assert ctranslate2.models.Whisper(str(whisper), compute_type="int8").is_multilingual
    assert (resolve("embedded:e5-small", silent).path / "model.bin").stat().st_size < 130e6
    with np.load(resolve("embedded:ge2e", silent).path, allow_pickle=False) as voices:
        assert voices["lstm.weight_ih_l0"].shape == (1024, 40)
        assert voices["linear.weight"].shape == (256, 256)


# Conversions, against the libraries that the weights come from


def test_gemma_from_gguf_computes_what_transformers_computes(tmp_path: Path) -> None:
    import ctranslate2
    import sentencepiece
    import torch

    source, target = tiny_models.gemma(tmp_path / "gemma"), tmp_path / "converted"
    target.mkdir()
    gemma_gguf_to_ctranslate2(source / "gemma.gguf", target, "float32")
    load: Any = sentencepiece.SentencePieceProcessor
    before, after = (load(model_file=str(folder / "tokenizer.model")) for folder in (source, target))
    text = "夜が終わる。  the film\n\nxyz 카메라 <eos> "
    assert before.encode(text, out_type=str) == after.encode(text, out_type=str)
    ids = [2, *before.encode(text)]
    model = tiny_models.transformers().Gemma3ForCausalLM.from_pretrained(source).eval()
    with torch.inference_mode():
        expected = model(torch.tensor([ids])).logits.numpy()
    generator = ctranslate2.Generator(str(target), compute_type="float32")
    logits = np.array(generator.forward_batch([[after.id_to_piece(number) for number in ids]]))
    np.testing.assert_allclose(logits, expected, atol=1e-4)


def test_what_gemma_learned_besides_is_added_to_its_layers(tmp_path: Path) -> None:
    import ctranslate2
    import torch

    source, target = tiny_models.gemma(tmp_path / "gemma"), tmp_path / "converted"
    target.mkdir()
    model = tiny_models.transformers().Gemma3ForCausalLM.from_pretrained(source).eval()
    random = np.random.default_rng(3)
    learned: dict[str, Any] = {}
    for number, name, path in ((0, "attn_v", "self_attn.v_proj"), (6, "ffn_down", "mlp.down_proj")):
        layer = model.model.layers[number].get_submodule(path)
        outputs, inputs = layer.weight.shape
        up, down = random.normal(size=(outputs, 2)), random.normal(size=(2, inputs))
        learned |= {f"blk.{number}.{name}.up": up, f"blk.{number}.{name}.down": down}
        layer.weight.data += torch.tensor(up @ down, dtype=torch.float32)
    gemma_gguf_to_ctranslate2(source / "gemma.gguf", target, "float32", learned)
    with torch.inference_mode():
        expected = model(torch.tensor([[2, 300, 301, 302]])).logits.numpy()
    pieces = json.loads((target / "vocabulary.json").read_text(encoding="utf-8"))
    generator = ctranslate2.Generator(str(target), compute_type="float32")
    logits = np.array(generator.forward_batch([[pieces[number] for number in (2, 300, 301, 302)]]))
    np.testing.assert_allclose(logits, expected, atol=1e-3)


def test_what_was_learned_of_another_model_is_refused(tmp_path: Path) -> None:
    source, target = tiny_models.gemma(tmp_path / "gemma"), tmp_path / "converted"
    target.mkdir()
    learned = {f"blk.7.attn_v.{side}": np.zeros((2, 2)) for side in ("up", "down")}
    with pytest.raises(ModelError, match=r"gemma\.gguf has no layers blk\.7\.attn_v"):
        gemma_gguf_to_ctranslate2(source / "gemma.gguf", target, "int8", learned)


def test_what_is_learned_anew_is_converted_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "files", lambda package: tmp_path)
    monkeypatch.setattr(embedded, "_digest", embedded._digest.__wrapped__)  # not kept
    found = set()
    for content in (b"one", b"another"):
        (tmp_path / ADAPTATION).write_bytes(content)
        found.add((describe(ADAPTED).revision, embedded._key(ADAPTED, EMBEDDED[ADAPTED])))
    assert len({revision for revision, _ in found}) == len({key for _, key in found}) == 2
    (tmp_path / ADAPTATION).unlink()
    with pytest.raises(ModelError, match=r"configs/translation_adaptation\.npz is missing"):
        describe(ADAPTED)


def test_an_old_checkpoint_of_torch_is_read_without_torch(tmp_path: Path) -> None:
    import torch

    torch.manual_seed(0)
    network = torch.nn.LSTM(4, 3, 2)
    held = {"step": 7, "model_state": network.state_dict(), "optimizer": {"rate": torch.ones(2, 2).t()}}
    torch.save(held, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    torch_checkpoint_to_npz(tmp_path / "old.pt", tmp_path / "new.npz", "model_state")
    with np.load(tmp_path / "new.npz", allow_pickle=False) as arrays:
        assert set(arrays.files) == set(network.state_dict())
        for name, parameter in network.state_dict().items():
            np.testing.assert_array_equal(arrays[name], parameter.numpy())


def test_a_checkpoint_that_would_run_something_is_refused(tmp_path: Path) -> None:
    import torch

    held = {"model_state": {"path": Path("x")}}
    torch.save(held, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(ModelError, match=r"old\.pt is not a checkpoint that can be read \(it holds pathlib"):
        torch_checkpoint_to_npz(tmp_path / "old.pt", tmp_path / "new.npz", "model_state")
    (tmp_path / "text.pt").write_text("not weights", encoding="utf-8")
    with pytest.raises(ModelError, match="not a checkpoint"):
        torch_checkpoint_to_npz(tmp_path / "text.pt", tmp_path / "new.npz", "model_state")


# Paths


def model_folder(folder: Path, card: str = "", weights: str = "model.bin") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    (folder / weights).write_bytes(b"weights")
    if card:
        (folder / "README.md").write_text(card, encoding="utf-8")
    return folder


def test_a_path_is_taken_as_it_stands(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "mine", "---\nlanguage: ja\nlicense: mit\n---\n# Mine\n")
    weights = resolve(str(folder), silent)
    assert (weights.path, weights.licence) == (folder, "mit")
    assert len(weights.revision) == 64
    assert resolve(str(folder / "model.bin"), silent).path == folder / "model.bin"


def test_a_path_is_known_by_its_content(tmp_path: Path) -> None:
    one, same = model_folder(tmp_path / "one"), model_folder(tmp_path / "two")
    assert identity(str(one)) == identity(str(same))
    (same / "model.bin").write_bytes(b"WEIGHTS")
    assert identity(str(one)) != identity(str(same))


def test_a_path_to_nothing_is_told(tmp_path: Path) -> None:
    for name in (str(tmp_path / "nothing" / "here" / "at all"), "whisper"):
        with pytest.raises(ModelError, match="'owner/name' of a model on the hub"):
            resolve(name, silent)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"neither model\.bin \(CTranslate2\) nor config\.json"):
        resolve(str(tmp_path / "empty"), silent)


def test_a_model_that_cannot_be_converted_is_told(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "odd", weights="model.safetensors")
    with pytest.raises(ModelError, match=r"odd cannot be converted for CTranslate2"):
        resolve(str(folder), silent)


def test_a_model_for_transformers_is_not_converted(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "encoder", weights="model.safetensors")
    assert resolve(str(folder), silent, convert=False).path == folder


def test_a_licence_that_forbids_commercial_use_is_told(tmp_path: Path) -> None:
    said: list[str] = []
    folder = model_folder(tmp_path / "nllb-200", "---\nlicense: cc-by-nc-4.0\n---\n")
    assert resolve(str(folder), said.append).licence == "cc-by-nc-4.0"
    assert ["forbids commercial use" in line for line in said] == [True]


# The model hub


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The hub's library as HF_HUB_OFFLINE=1 leaves it, with an empty cache of its own."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def in_hub_cache(hub: Path, name: str, revision: str) -> Path:
    """A repository as the hub's library keeps it."""
    kept = hub / f"models--{name.replace('/', '--')}"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs" / "main").write_text(revision, encoding="utf-8")
    return model_folder(kept / "snapshots" / revision, "---\nlicense: apache-2.0\n---\n")


def test_a_hub_model_out_of_reach_is_told_with_the_way_round(offline: Path) -> None:
    with pytest.raises(
        ModelError, match=r"(?s)owner/model is not on this machine.*To bring it by hand.*hf download"
    ):
        resolve("owner/model", silent)


def test_a_hub_model_in_the_cache_needs_no_network(offline: Path) -> None:
    revision = "0123456789abcdef0123456789abcdef01234567"
    folder = in_hub_cache(offline, "owner/model", revision)
    said: list[str] = []
    weights = resolve("owner/model", said.append)
    assert (weights.path, weights.revision, weights.licence) == (folder, revision, "apache-2.0")
    assert said == ["Fetching owner/model from the model hub ..."]
    assert resolve("owner/model", said.append) == weights
    assert len(said) == 1


def test_a_hub_model_keeps_its_revision(offline: Path, cache: Path) -> None:
    """What a signature says does not change because a cache was emptied, nor because the hub has moved on."""
    revision = "0123456789abcdef0123456789abcdef01234567"
    in_hub_cache(offline, "owner/model", revision)
    before = describe("owner/model")
    (offline / "models--owner--model" / "refs" / "main").write_text("f" * 40, encoding="utf-8")
    assert describe("owner/model") == before
    for file in sorted(offline.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    assert describe("owner/model") == before
    with pytest.raises(ModelError, match="is not on this machine"):
        resolve("owner/model", silent)


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_a_revision_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub

    asked: list[dict[str, Any]] = []
    folder = model_folder(tmp_path / "snapshots" / COMMIT, weights="pytorch_model.bin")

    def download(repository: str, **options: Any) -> str:
        asked.append({"repository": repository, **options})
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    weights = resolve(f"owner/model@{COMMIT}", silent, convert=False)
    assert (weights.path, weights.revision) == (folder, COMMIT)
    assert [(each["repository"], each["revision"]) for each in asked] == [("owner/model", COMMIT)] * 2
    # the older form of weights only because there was no newer one
    assert ["pytorch_model*.bin" in each["allow_patterns"] for each in asked] == [False, True]
    assert json.loads(next((tmp_path / "cache" / "hub").iterdir()).read_text())["revision"] == COMMIT


@pytest.mark.parametrize("name", ["owner/model", "owner/model@main", "facebook/m2m100_418M@main"])
def test_pickles_of_a_revision_that_nobody_named_are_not_even_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    import huggingface_hub

    asked: list[dict[str, Any]] = []
    folder = tmp_path / "snapshots" / COMMIT
    folder.mkdir(parents=True)

    def download(repository: str, **options: Any) -> str:
        asked.append(options)
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(ModelError, match=f"are pickles, which may hold code.*@{COMMIT}"):
        resolve(name, silent)
    assert ["pytorch_model*.bin" in each["allow_patterns"] for each in asked] == [False]


def test_pickles_of_the_profiles_are_taken_in_one_revision_with_one_sha256(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub

    ((repository, (revision, sha256)),) = PICKLED.items()
    folder = model_folder(tmp_path / "snapshots" / revision, weights="pytorch_model.bin")
    asked: list[str] = []

    def download(_: str, **options: Any) -> str:
        asked.append(options["revision"])
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(ModelError, match=f"instead of {sha256}"):
        resolve(repository, silent, convert=False)
    known = hashlib.sha256(b"weights").hexdigest()
    monkeypatch.setitem(PICKLED, repository, (revision, known))
    assert resolve(repository, silent, convert=False).revision == revision
    assert set(asked) == {revision}


class _Malice:
    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.place,))


def test_code_in_pickled_weights_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that somebody was given: weights for transformers, converted for CTranslate2."""
    torch = pytest.importorskip("torch")
    folder = tmp_path / "given"
    folder.mkdir()
    for file in tiny_models.m2m100(tmp_path / "honest").iterdir():
        if file.suffix != ".safetensors":
            shutil.copy(file, folder)
    torch.save({"model.shared.weight": _Malice(tmp_path / "run")}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="holds more than arrays"):
        resolve(str(folder), silent)
    assert not (tmp_path / "run").exists()
    monkeypatch.delenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", raising=False)
    torch.load(folder / "pytorch_model.bin", weights_only=False)  # it would have been
    assert (tmp_path / "run").exists()
