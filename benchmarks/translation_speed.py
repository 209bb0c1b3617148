"""A translation model of M2M100-418M's shape, run by us and by transformers, a process each.

Random weights are as fast as others. Both translate the same sentences by a beam of 4, on all
cores, until every translation is of the same length: no weights, no mercy on either side.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.memory import peak_memory_mb

BEAM = 4
SENTENCES = 16
BATCH = 4  # sentences that ours decodes together
WORDS = (8, 24)  # the shortest and the longest sentence
WRITTEN_TOKENS = 32  # of every translation
VOCABULARY = 128_000  # pieces, as M2M100 has
SHAPE: dict[str, Any] = {  # facebook/m2m100_418M's config.json
    "d_model": 1024,
    "encoder_layers": 12,
    "decoder_layers": 12,
    "encoder_attention_heads": 16,
    "decoder_attention_heads": 16,
    "encoder_ffn_dim": 4096,
    "decoder_ffn_dim": 4096,
    "max_position_embeddings": 1024,
}


def compared() -> dict[str, Any]:
    """Tokens a second and peak memory of both, and what ours is of transformers'."""
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held) / "m2m100-shape"
        environment = {**os.environ, "SYMPOSIA_CACHE": str(Path(held) / "cache"), "HF_HUB_OFFLINE": "1"}
        found = {}
        for task in ("build", "convert", "transformers", "symposia"):
            command = [sys.executable, "-m", "benchmarks.translation_speed", task, str(folder)]
            done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
            found[task] = json.loads(done.stdout.splitlines()[-1])
    theirs, ours = found["transformers"], found["symposia"]
    return {
        "transformers": theirs,
        "symposia": ours,
        "times_as_fast": round(ours["tokens_a_second"] / theirs["tokens_a_second"], 2),
        "share_of_memory": round(ours["peak_mb"] / theirs["peak_mb"], 2),
    }


def sources() -> list[list[str]]:
    """Sentences as pieces, of mixed length, the same in every process."""
    drawn = random.Random(7)
    return [
        ["__es__", *(f"▁w{drawn.randrange(VOCABULARY - 200)}" for _ in range(drawn.randint(*WORDS))), "</s>"]
        for _ in range(SENTENCES)
    ]


def build(folder: Path) -> dict[str, Any]:
    """Write the model and a tokenizer of as many pieces, as transformers keeps them."""
    import torch
    from sentencepiece import SentencePieceTrainer
    from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer

    folder.mkdir()
    words = {word: number for number, word in enumerate(("<s>", "<pad>", "</s>", "<unk>"))}
    words |= {f"▁w{number}": number + 4 for number in range(VOCABULARY - 4)}
    (folder / "vocab.json").write_text(json.dumps(words), encoding="utf-8")
    with (folder / "sentencepiece.bpe.model").open("wb") as written:
        SentencePieceTrainer.train(  # never used: sentences come as pieces
            sentence_iterator=iter(["a few words of no matter"]),
            model_writer=written,
            vocab_size=64,
            hard_vocab_limit=False,
            minloglevel=2,
        )
    tokenizer: Any = M2M100Tokenizer(str(folder / "vocab.json"), str(folder / "sentencepiece.bpe.model"))
    torch.manual_seed(0)
    size = max(tokenizer.lang_token_to_id.values()) + 1 + tokenizer.num_madeup_words
    config = M2M100Config(vocab_size=size, decoder_start_token_id=2, dropout=0.0, **SHAPE)
    model: Any = M2M100ForConditionalGeneration(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return {"parameters_millions": round(sum(map(_size, folder.glob("*.safetensors"))) / 4e6)}


def convert(folder: Path) -> dict[str, Any]:
    """Convert it as the first use of any model does."""
    from nlp.weights import resolve, silent

    return {"megabytes": round(sum(map(_size, resolve(str(folder), silent).path.rglob("*"))) / 1e6)}


def run_symposia(folder: Path) -> dict[str, Any]:
    """Our engine's loaded model, batched as it batches, with lengths as given here."""
    from nlp.decoding import TranslationOptions
    from nlp.seq2seq import Seq2Seq, Way
    from nlp.weights import silent

    options = TranslationOptions("seq2seq", str(folder), beam_size=BEAM, device="cpu")
    engine = Seq2Seq(options, silent)
    lengths = (WRITTEN_TOKENS + 1, WRITTEN_TOKENS + 1)  # with the language token

    def translate(asked: Sequence[list[str]]) -> list[int]:
        results = engine.translate_pieces(asked, ["__en__"], Way(BEAM), lengths)
        return [len(result.hypotheses[0]) - 1 for result in results]

    return _timed(translate)


def run_transformers(folder: Path) -> dict[str, Any]:
    """`generate` on the same sentences, longest first, in the batches that are faster for it: four or all."""
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    first = tokenizer.convert_tokens_to_ids("__en__")

    def translate_batch(asked: Sequence[list[str]]) -> list[int]:
        ids: list[list[int]] = [tokenizer.convert_tokens_to_ids(pieces) for pieces in asked]
        longest = max(map(len, ids))
        rows = [row + [tokenizer.pad_token_id] * (longest - len(row)) for row in ids]
        mask = [[1] * len(row) + [0] * (longest - len(row)) for row in ids]
        with torch.inference_mode():
            found = model.generate(
                input_ids=torch.tensor(rows),
                attention_mask=torch.tensor(mask),
                forced_bos_token_id=first,
                num_beams=BEAM,
                min_new_tokens=WRITTEN_TOKENS + 1,
                max_new_tokens=WRITTEN_TOKENS + 1,
            )
        return [len(row) - 2 for row in found]  # less the start and the language

    def translate(rows: int, asked: Sequence[list[str]]) -> list[int]:
        ordered = sorted(asked, key=len, reverse=True)
        return [
            length
            for start in range(0, len(ordered), rows)
            for length in translate_batch(ordered[start : start + rows])
        ]

    runs = [_timed(partial(translate, rows)) for rows in (BATCH, SENTENCES)]
    return max(runs, key=lambda run: run["tokens_a_second"])


def _timed(translate: Any) -> dict[str, Any]:
    asked = sources()
    translate(asked[:2])  # the first batch pays for buffers
    began = time.perf_counter()
    written = translate(asked)
    seconds = time.perf_counter() - began
    return {
        "tokens_a_second": round(sum(written) / seconds, 1),
        "tokens_each": sorted(set(written)),
        "peak_mb": round(peak_memory_mb()),
    }


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


TASKS = {"build": build, "convert": convert, "symposia": run_symposia, "transformers": run_transformers}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](Path(sys.argv[2]))))
