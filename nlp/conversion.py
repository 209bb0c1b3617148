"""Weights from the form they are published in to the form they run in. Each conversion is done once.

Nothing here knows where weights come from or where they are kept: a source path
goes in, files in a target folder come out.
"""

from __future__ import annotations

import pickle
import shutil
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from transcripts.errors import ModelError

if TYPE_CHECKING:
    from gguf import GGUFReader

Array = npt.NDArray[Any]

TOKENIZER_FOLDER = "tokenizer"  # beside a converted model: its tokenizer, and its own config.json
GEMMA_TOKENIZER = "tokenizer.model"


def transformers_to_ctranslate2(source: Path, target: Path, quantization: str) -> None:
    """Convert a folder of a transformers model; its tokenizer and configuration go along.

    Raises ModelError when the folder is not whole or CTranslate2 does not know the architecture.
    """
    from ctranslate2.converters import TransformersConverter

    class Converter(TransformersConverter):  # type: ignore[misc]
        """What transformers 5 tells otherwise than ctranslate2 4.8 reads it."""

        def load_tokenizer(self, *names: Any, **options: Any) -> Any:
            """M2M100's language tokens are no longer part of its vocabulary: join them."""
            tokenizer = super().load_tokenizer(*names, **options)
            known = tokenizer.get_vocab()
            apart = [token for token in getattr(tokenizer, "lang_token_to_id", ()) if token not in known]
            tokenizer.add_tokens(apart, special_tokens=True)
            return tokenizer

        def load_model(self, *names: Any, **options: Any) -> Any:
            """Whether T5 scales its outputs is no longer told by `tie_word_embeddings`."""
            model = super().load_model(*names, **options)
            scales = getattr(model.config, "scale_decoder_outputs", None)
            if scales is not None:
                model.config.tie_word_embeddings = scales
            return model

    try:
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        converter = Converter(str(source), low_cpu_mem_usage=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tokenizers, about packages that change little
            converter.convert(str(target), quantization=quantization, force=True)
    except (NameError, ImportError) as error:  # ctranslate2 leaves out what is not installed
        raise ModelError(
            f"Converting {source} needs torch and transformers ({error}): pip install 'symposia[hub]'."
        ) from error
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{source} was not loaded: its weights are a pickle that holds more than arrays, and could run "
            "code. Take the model from where it was made, with weights as safetensors."
        ) from error
    except (ValueError, RuntimeError, OSError, KeyError, AttributeError) as error:
        raise ModelError(
            f"{source} cannot be converted for CTranslate2: {error}. It must be the folder of a "
            "transformers model (M2M100, NLLB, T5/MADLAD-400, Marian or Whisper) with its tokenizer."
        ) from error
    _copy_tokenizer(source, target)


def _copy_tokenizer(source: Path, target: Path) -> None:
    tokenizer = target / TOKENIZER_FOLDER
    tokenizer.mkdir()
    for file in sorted(source.iterdir()):
        if file.is_file() and file.suffix in {".json", ".model", ".spm", ".txt"} and "index" not in file.name:
            shutil.copyfile(file, tokenizer / file.name)
    for name in ("tokenizer.json", "preprocessor_config.json"):  # where faster-whisper looks for them
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)


def gemma_gguf_to_ctranslate2(
    source: Path, target: Path, quantization: str, learned: Mapping[str, Array] = MappingProxyType({})
) -> None:
    """Convert a Gemma 3 text model (GGUF) without torch, with its SentencePiece tokenizer.

    To a layer such as 'blk.0.attn_q' the product of what was `learned` of it is added: '<layer>.up' of
    shape (outputs, rank) and '<layer>.down' of shape (rank, inputs) (Hu et al. 2021, low-rank adaptation).

    The mapping of tensors follows `ctranslate2.converters.transformers.Gemma3Loader`;
    GGUF stores the scale of a norm with the 1 already added. The other layers' window of 512
    tokens is left out: prompts are shorter, and ctranslate2 4.8 fails on a longer one.
    """
    reader = _gguf_reader(source)
    _field = reader.fields
    tokens = [bytes(part).decode("utf-8") for part in _array(reader, "tokenizer.ggml.tokens")]
    _write_sentencepiece(reader, tokens, target / GEMMA_TOKENIZER)
    layers = {tensor.name.removesuffix(".weight") for tensor in reader.tensors}
    if strange := {name.rpartition(".")[0] for name in learned} - layers:
        raise ModelError(
            f"{source} has no layers {', '.join(sorted(strange))}, of which something was learned: what was "
            "learned is of another model. Make it anew (python -m benchmarks.translation_adaptation)."
        )
    spec = _gemma_spec(reader, learned)
    spec.register_vocabulary(tokens)
    for name, key in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown")):
        token = tokens[_field[f"tokenizer.ggml.{key}_token_id"].contents()]
        setattr(spec.config, f"{name}_token", token)
    spec.config.layer_norm_epsilon = _field["gemma3.attention.layer_norm_rms_epsilon"].contents()
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(str(target))


def _gguf_reader(source: Path) -> GGUFReader:
    """A reader whose bytes are a plain array: slicing a memmap would take three times as long."""
    from gguf import GGUFReader

    class Reader(GGUFReader):
        @property  # type: ignore[override]
        def data(self) -> Array:
            return self._bytes

        @data.setter
        def data(self, mapped: Array) -> None:
            self._bytes: Array = np.asarray(mapped)

    return Reader(source)


def _array(reader: GGUFReader, key: str) -> list[Array]:
    field = reader.fields[key]
    return [field.parts[index] for index in field.data]


def _write_sentencepiece(reader: GGUFReader, tokens: list[str], path: Path) -> None:
    """The tokenizer as SentencePiece had it: pieces, scores and types are all in the GGUF."""
    from sentencepiece import sentencepiece_model_pb2 as proto

    model = proto.ModelProto()  # type: ignore[attr-defined]
    scores, types = _array(reader, "tokenizer.ggml.scores"), _array(reader, "tokenizer.ggml.token_type")
    for token, score, kind in zip(tokens, scores, types, strict=True):
        model.pieces.add(piece=token, score=float(score[0]), type=int(kind[0]))
    trainer, normalizer = model.trainer_spec, model.normalizer_spec
    trainer.model_type, trainer.byte_fallback, trainer.vocab_size = trainer.BPE, True, len(tokens)
    ids = {"unk": "unknown", "bos": "bos", "eos": "eos", "pad": "padding"}
    for name, key in ids.items():
        setattr(trainer, f"{name}_id", reader.fields[f"tokenizer.ggml.{key}_token_id"].contents())
    normalizer.name = "identity"
    normalizer.add_dummy_prefix = normalizer.remove_extra_whitespaces = False
    path.write_bytes(model.SerializeToString())


def _gemma_spec(reader: GGUFReader, learned: Mapping[str, Array]) -> Any:
    """A CTranslate2 specification with the weights filled in (float32)."""
    from ctranslate2.specs import TransformerDecoderModelSpec
    from ctranslate2.specs.common_spec import Activation
    from gguf import dequantize

    def setting(key: str) -> Any:
        return reader.fields[f"gemma3.{key}"].contents()

    held = {tensor.name: tensor for tensor in reader.tensors}

    def weight(name: str) -> Array:
        tensor = held[f"{name}.weight"]
        shape = tuple(reversed(tensor.shape.tolist()))
        values = dequantize(tensor.data, tensor.tensor_type).reshape(shape)
        if f"{name}.up" in learned:
            up, down = (learned[f"{name}.{side}"].astype(np.float32) for side in ("up", "down"))
            values = values + up @ down
        return np.require(values, np.float32, "W")  # what was not packed is still a view of the file

    head_dim = setting("attention.key_length")
    spec = TransformerDecoderModelSpec.from_config(
        setting("block_count"),
        setting("attention.head_count"),
        activation=Activation.GELUTanh,
        ffn_glu=True,
        rms_norm=True,
        rotary_dim=head_dim,
        rotary_interleave=False,
        num_heads_kv=setting("attention.head_count_kv"),
        head_dim=head_dim,
        pre_post_layer_norm=True,
        qk_norm=True,
    )
    decoder = spec.decoder
    decoder.scale_embeddings, decoder.start_from_zero_embedding = True, False
    decoder.embeddings.weight = decoder.projection.weight = weight("token_embd")
    decoder.layer_norm.gamma = weight("output_norm")
    for number, layer in enumerate(decoder.layer):
        far = (number + 1) % 6 == 0  # every sixth layer looks far, with slower rotation
        layer.self_attention.rotary_base = np.float32(setting("rope.freq_base") if far else 10_000)
        _fill_gemma_layer(layer, lambda part, at=number: weight(f"blk.{at}.{part}"))  # type: ignore[misc]
    return spec


def _fill_gemma_layer(layer: Any, weight: Callable[[str], Array]) -> None:
    attention, ffn = layer.self_attention, layer.ffn
    layer.input_layer_norm.gamma = weight("attn_norm")
    layer.post_attention_layer_norm.gamma = weight("post_attention_norm")
    layer.pre_feedforward_layer_norm.gamma = weight("ffn_norm")
    layer.post_feedforward_layer_norm.gamma = weight("post_ffw_norm")
    attention.q_norm.gamma = weight("attn_q_norm")
    attention.k_norm.gamma = weight("attn_k_norm")
    attention.linear[0].weight = np.concatenate([weight(f"attn_{part}") for part in "qkv"])
    attention.linear[1].weight = weight("attn_output")
    ffn.linear_0.weight = weight("ffn_gate")
    ffn.linear_0_noact.weight = weight("ffn_up")
    ffn.linear_1.weight = weight("ffn_down")


def torch_checkpoint_to_npz(source: Path, target: Path, key: str) -> None:
    """The float arrays of one state dict in a checkpoint of torch before 1.6, without torch.

    Such a file is a few pickles (a header, the objects, the names of the storages)
    and then each storage: its length and its raw numbers. Only the names of arrays
    and of dicts are unpickled; anything else in the file raises ModelError.
    """
    with source.open("rb") as file:
        try:
            for _ in range(3):  # magic number, version of the protocol, sizes of types
                _Unpickler(file, {}).load()
            storages: dict[str, _Storage] = {}
            state = _Unpickler(file, storages).load()[key]
            for name in _Unpickler(file, {}).load():
                count = int(np.fromfile(file, "<i8", 1)[0])
                storages[name].numbers = np.fromfile(file, "<f4", count)
            arrays = {name: held.array() for name, held in state.items() if isinstance(held, _Tensor)}
        except (pickle.UnpicklingError, KeyError, IndexError, EOFError, AttributeError) as error:
            raise ModelError(f"{source} is not a checkpoint that can be read ({error}).") from error
    np.savez(target, allow_pickle=False, **arrays)


class _Storage:
    numbers: Array


class _Tensor:
    """Where an array lies in its storage."""

    def __init__(
        self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
    ) -> None:
        self.storage, self.offset, self.shape, self.strides = storage, offset, shape, strides

    def array(self) -> Array:
        numbers = self.storage.numbers[self.offset :]
        strides = [4 * step for step in self.strides]
        return np.lib.stride_tricks.as_strided(numbers, self.shape, strides, writeable=False).copy()


class _Unpickler(pickle.Unpickler):
    """Reads dicts and the whereabouts of arrays, and refuses every other class."""

    ALLOWED: dict[tuple[str, str], Any] = {  # noqa: RUF012
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _Tensor,
        ("torch", "FloatStorage"): "float32",
    }

    def __init__(self, file: BinaryIO, storages: dict[str, _Storage]) -> None:
        super().__init__(file)
        self.storages = storages

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it holds {module}.{name}")
        return self.ALLOWED[module, name]

    def persistent_load(self, reference: Any) -> _Storage:
        _, _, name, *_ = reference
        return self.storages.setdefault(name, _Storage())
