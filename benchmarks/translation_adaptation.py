"""What the embedded translator learns besides its weights; it is added to them when they are converted.

    python -m benchmarks.translation_adaptation     # half an hour on two cores: the adaptation
    python -m benchmarks.translation --fit          # and then an hour: the estimate of what it writes

Gemma 3 270M stays as it is: to each of its linear layers a product of two thin matrices is added (low-rank
adaptation, Hu et al. 2021, https://arxiv.org/abs/2106.09685). They are learned from remarks that were written
for this in five languages (data/remarks.jsonl; none is of a benchmark), asked for as nlp.fewshot asks: after
examples, which are read once a batch. configs/translation_adaptation.npz holds the matrices, by the names
that the layers have in a GGUF file.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import tempfile
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from sentencepiece import SentencePieceProcessor
from torch.nn import functional

from nlp.conversion import GEMMA_TOKENIZER
from nlp.decoding import Remark
from nlp.embedded import ADAPTATION, BASE, join
from nlp.fewshot import LEARNED_FROM, LEARNED_INTO, START, examples, prompt_of, question
from nlp.weights import resolve, silent

Matrices = dict[str, np.ndarray[Any, np.dtype[np.float16]]]

REMARKS = Path(__file__).parent / "data" / "remarks.jsonl"
HELD_OUT = 40  # remarks
RANK, SCALE = 16, 2.0
# Of what was learned, this share is kept: with it the model is surest of sentences of other kinds (weights
# between those before and after learning; Wortsman et al. 2022, https://arxiv.org/abs/2109.01903).
KEPT = 0.5
STEPS, BATCH, RATE = 384, 16, 6e-4
WARM_UP, LAST_RATE = 20, 0.05  # steps; of RATE
NEIGHBOURS = 8  # batches among which remarks are sorted by length
FREQUENT, OTHERS = 60_000, 4_000  # of the most frequent tokens so many are told apart from those learned
IGNORED = -100
LAYERS = {  # the names in a GGUF file, and those of transformers
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


class Adapted(torch.nn.Module):
    """A linear layer, and beside it a product of two matrices that is learned."""

    def __init__(self, base: torch.nn.Linear) -> None:
        super().__init__()
        self.base = base
        self.down = torch.nn.Parameter(torch.randn(RANK, base.in_features) / base.in_features**0.5)
        self.up = torch.nn.Parameter(torch.zeros(base.out_features, RANK))

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        small = functional.linear(given, self.down.to(given.dtype))
        whole: torch.Tensor = self.base(given) + SCALE * functional.linear(small, self.up.to(given.dtype))
        return whole


def adapted(model: Any) -> dict[str, Adapted]:
    """Adapt every linear layer of a Gemma model, and let it learn nothing else; by GGUF's names."""
    model.requires_grad_(requires_grad=False)
    layers: dict[str, Adapted] = {}
    for number, block in enumerate(model.model.layers):
        for name, path in LAYERS.items():
            holder, _, last = path.rpartition(".")
            parent = block.get_submodule(holder)
            layers[f"blk.{number}.{name}"] = Adapted(getattr(parent, last))
            setattr(parent, last, layers[f"blk.{number}.{name}"])
    return layers


class Learner:
    """A model and its tokens, asked for the English of remarks."""

    def __init__(self, model: Any, tokens: Any, remarks: Sequence[Remark]) -> None:
        self._model, self._tokens = model, tokens
        self.layers = adapted(model)
        self.parameters = [each for layer in self.layers.values() for each in (layer.down, layer.up)]
        weights = model.get_input_embeddings().weight
        held = {token for remark in remarks for token in self._answer(remark)}
        frequent = range(min(FREQUENT, len(weights)))
        held |= set(random.sample(frequent, min(OTHERS, len(frequent))))
        known = torch.tensor(sorted(held))
        self._place = torch.full((len(weights),), IGNORED)
        self._place[known] = torch.arange(len(known))
        self._embeddings = weights[known].clone()

    def loss(self, remarks: Sequence[Remark], code: str, shown: Sequence[int]) -> torch.Tensor:
        """The mean cross entropy of what remarks are in English, after examples with these numbers."""
        prompt = prompt_of([examples().remarks[number] for number in shown], code, LEARNED_INTO)
        before = [self._tokens.piece_to_id(START), *self._tokens.encode(prompt)]
        cache = self._model.model(input_ids=torch.tensor([before]), use_cache=True).past_key_values
        cache.batch_repeat_interleave(len(remarks))
        rows = [
            (self._tokens.encode(question(each[code], code, LEARNED_INTO)), self._answer(each))
            for each in remarks
        ]
        length = max(len(asked) + len(answer) for asked, answer in rows)
        tokens = torch.zeros(len(rows), length, dtype=torch.long)
        right = torch.full((len(rows), length), IGNORED)
        mask = torch.zeros(len(rows), len(before) + length, dtype=torch.long)
        for row, (asked, answer) in enumerate(rows):
            end = len(asked) + len(answer)
            tokens[row, :end] = torch.tensor(asked + answer)
            right[row, len(asked) : end] = self._place[torch.tensor(answer)]
            mask[row, : len(before) + end] = 1
        hidden = self._model.model(
            input_ids=tokens, attention_mask=mask, past_key_values=cache, use_cache=True
        ).last_hidden_state
        wanted = right[:, 1:] != IGNORED
        logits = hidden[:, :-1][wanted] @ self._embeddings.T
        return functional.cross_entropy(logits.float(), right[:, 1:][wanted])

    def _answer(self, remark: Remark) -> list[int]:
        found: list[int] = self._tokens.encode(f" {remark[LEARNED_INTO]}\n\n")
        return found


def _examples() -> Sequence[int]:
    """Half of the time those of a prompt that is used, else any two to four."""
    if random.random() < 0.5:
        return random.choice(examples().prompts)
    return random.sample(range(len(examples().remarks)), random.choice((2, 3, 4)))


def batches(remarks: Sequence[Remark]) -> Iterator[tuple[str, list[Remark]]]:
    """Remarks of like length with a language to give them in, in another order every time, without end."""
    while True:
        found = []
        for code in LEARNED_FROM:
            mixed = random.sample(remarks, len(remarks))
            for start in range(0, len(mixed), BATCH * NEIGHBOURS):
                near = mixed[start : start + BATCH * NEIGHBOURS]
                ordered = sorted(near, key=lambda each: len(each[LEARNED_INTO]))
                found += [(code, ordered[at : at + BATCH]) for at in range(0, len(ordered), BATCH)]
        random.shuffle(found)
        yield from found


def rate(step: int, steps: int) -> float:
    """A warm-up, and then a cosine from RATE down to LAST_RATE of it."""
    cosine = (1 + math.cos(math.pi * step / steps)) / 2
    return RATE * min(1.0, (step + 1) / WARM_UP) * (LAST_RATE + (1 - LAST_RATE) * cosine)


def learn(learner: Learner, remarks: Sequence[Remark], steps: int) -> Matrices:
    """What is kept of what the layers have learned after so many steps, half precision."""
    optimizer = torch.optim.AdamW(learner.parameters, lr=RATE, weight_decay=0.0, betas=(0.9, 0.99))
    coming = batches(remarks)
    for step in track(range(steps), "Learning ...", console=Console(stderr=True)):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps)
        code, batch = next(coming)
        optimizer.zero_grad()
        learner.loss(batch, code, _examples()).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learner.parameters, 1.0)
        optimizer.step()
    with torch.no_grad():
        for layer in learner.layers.values():
            layer.up.mul_(KEPT)
    return {
        f"{name}.{side}": values.detach().float().numpy().astype(np.float16)
        for name, layer in learner.layers.items()
        for side, values in (("up", SCALE * layer.up), ("down", layer.down))
    }


def load(remarks: Sequence[Remark]) -> Learner:
    """The embedded model as it is published."""
    from transformers import AutoModelForCausalLM

    tokens = SentencePieceProcessor(model_file=str(resolve(BASE, silent).path / GEMMA_TOKENIZER))
    with tempfile.TemporaryDirectory() as folder:
        join(BASE, Path(folder) / "model.gguf")
        model = AutoModelForCausalLM.from_pretrained(folder, gguf_file="model.gguf", dtype=torch.bfloat16)
    return Learner(model, tokens, remarks)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.translation_adaptation", description="Learn to translate into English."
    )
    parser.add_argument("--steps", type=int, default=STEPS, help="batches to learn from")
    parser.add_argument(
        "--out", type=Path, default=Path(str(files("configs") / ADAPTATION)), help="file to write"
    )
    options = parser.parse_args()
    torch.manual_seed(0)
    random.seed(0)
    remarks = [json.loads(line) for line in REMARKS.read_text(encoding="utf-8").splitlines()]
    random.shuffle(remarks)
    held, kept = remarks[:HELD_OUT], remarks[HELD_OUT:]
    learner, console = load(remarks), Console(highlight=False)

    def lost() -> dict[str, float]:
        with torch.no_grad():
            return {
                code: round(learner.loss(held, code, examples().prompts[0]).item(), 3)
                for code in LEARNED_FROM
            }

    console.print({"cross entropy of held-out remarks, before": lost()})
    np.savez_compressed(options.out, **learn(learner, kept, options.steps))  # type: ignore[arg-type]
    console.print({"and with what is kept of it": lost()})


if __name__ == "__main__":
    main()
