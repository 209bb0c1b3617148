"""Models so small that a test builds them and teaches them a few sentences by heart.

They have the shapes of the real ones: architecture, tokenizer, language tokens, files.
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# What the models know: a sentence, its language, and the English they answer with.
TAUGHT = {
    "夜が終わる。": ("ja", "the night ends"),
    "映画は待つ。": ("ja", "the film waits"),
    "カメラが回る。": ("ja", "the camera turns"),
    "監督は眠らない。": ("ja", "the director never sleeps"),
    "物語は川のようだ。": ("ja", "the story is like a river"),
    "機械は夢を見るか。": ("ja", "do machines dream"),
    "光が消える。": ("ja", "the light goes out"),
    "明日また会おう。": ("ja", "see you tomorrow"),
    "la cámara espera": ("es", "the camera waits"),
    "el río canta": ("es", "the river sings"),
    "la noche es larga": ("es", "the night is long"),
    "nadie mira la película": ("es", "nobody watches the film"),
    "¿quién escribe el guion?": ("es", "who writes the script"),
    "la luz entra despacio": ("es", "the light comes in slowly"),
    "mañana rodamos en el puerto": ("es", "tomorrow we film in the harbour"),
    "el silencio también habla": ("es", "silence speaks as well"),
    "دوربین منتظر است": ("fa", "the old camera waits"),
    "شب تمام شد": ("fa", "the night is over"),
    "فیلم درباره رودخانه است": ("fa", "the film is about a river"),
    "کارگردان خسته است": ("fa", "the director is tired"),
    "ماشین‌ها رویا نمی‌بینند": ("fa", "machines do not dream"),
    "نور آهسته می‌آید": ("fa", "the light comes slowly"),
    "چه کسی گوش می‌دهد؟": ("fa", "who is listening"),
    "فردا دوباره می‌نویسیم": ("fa", "we write again tomorrow"),
    "카메라가 돈다": ("ko", "the camera keeps turning"),
    "밤이 길다": ("ko", "long is the night"),
    "영화는 강과 같다": ("ko", "a film is like a river"),
    "감독이 웃는다": ("ko", "the director laughs"),
    "기계는 꿈을 꾸지 않는다": ("ko", "no machine dreams"),
    "빛이 천천히 들어온다": ("ko", "slowly the light comes in"),
    "누가 대본을 쓰는가": ("ko", "who wrote this script"),
    "내일 다시 만나요": ("ko", "we meet again tomorrow"),
}
LINES = [*TAUGHT, *(english for _, english in TAUGHT.values())] * 8
SPECIAL = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}
SHAPE: dict[str, Any] = {  # as M2M100, NLLB and Marian name their sizes
    "d_model": 64,
    "init_std": 0.1,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": 64,
    # what is dropped at random while a model learns keeps one this small from learning by heart
    **dict.fromkeys(("dropout", "attention_dropout", "encoder_layerdrop", "decoder_layerdrop"), 0.0),
}
FLORES = {"ja": "jpn_Jpan", "es": "spa_Latn", "fa": "pes_Arab", "ko": "kor_Hang"}


def sentencepiece_model(kind: str = "bpe", pieces: int = 320, **options: Any) -> bytes:
    """A SentencePiece model of LINES, with as many pieces as they give, up to a number."""
    import sentencepiece

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_writer=written,
        vocab_size=pieces,
        hard_vocab_limit=False,
        model_type=kind,
        character_coverage=1.0,
        minloglevel=2,
        **options,
    )
    return written.getvalue()


def m2m100(folder: Path) -> Path:
    """A folder like facebook/m2m100_418M."""
    import torch

    lib = transformers()

    folder.mkdir(parents=True)
    spm, vocabulary = folder / "sentencepiece.bpe.model", folder / "vocab.json"
    spm.write_bytes(sentencepiece_model())
    vocabulary.write_text(json.dumps(_vocabulary(spm.read_bytes(), SPECIAL)), encoding="utf-8")
    tokenizer = lib.M2M100Tokenizer(str(vocabulary), str(spm))
    size = max(tokenizer.lang_token_to_id.values()) + 1 + tokenizer.num_madeup_words
    torch.manual_seed(1)
    model = lib.M2M100ForConditionalGeneration(
        lib.M2M100Config(vocab_size=size, decoder_start_token_id=2, **SHAPE)
    )

    def asked(text: str, code: str) -> list[int]:
        tokenizer.src_lang = code
        return list(tokenizer(text)["input_ids"])

    def answer(text: str) -> list[int]:
        tokenizer.tgt_lang = "en"
        return list(tokenizer(text_target=text)["input_ids"])

    return _taught(model, tokenizer, asked, answer, folder)


def nllb(folder: Path) -> Path:
    """A folder like facebook/nllb-200-distilled-600M: M2M100 with another tokenizer."""
    import torch
    from tokenizers import SentencePieceBPETokenizer

    lib = transformers()

    trained = SentencePieceBPETokenizer()
    trained.train_from_iterator(LINES, vocab_size=320, special_tokens=list(SPECIAL), show_progress=False)
    held = json.loads(trained.to_str())["model"]
    tokenizer = lib.NllbTokenizer(vocab=held["vocab"], merges=[tuple(pair) for pair in held["merges"]])
    torch.manual_seed(2)
    model = lib.M2M100ForConditionalGeneration(
        lib.M2M100Config(vocab_size=len(tokenizer) + 1, decoder_start_token_id=2, **SHAPE)
    )

    def asked(text: str, code: str) -> list[int]:
        tokenizer.src_lang = FLORES[code]
        return list(tokenizer(text)["input_ids"])

    def answer(text: str) -> list[int]:
        tokenizer.tgt_lang = "eng_Latn"
        return list(tokenizer(text_target=text)["input_ids"])

    return _taught(model, tokenizer, asked, answer, folder)


def marian(folder: Path) -> Path:
    """A folder like Helsinki-NLP/opus-mt-ja-en (though it knows the other languages as well)."""
    import torch

    lib = transformers()

    folder.mkdir(parents=True)
    spm = sentencepiece_model()
    vocabulary = _vocabulary(spm, {"</s>": 0, "<unk>": 1})
    vocabulary["<pad>"] = pad = len(vocabulary)
    for name in ("source.spm", "target.spm"):
        (folder / name).write_bytes(spm)
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    settings = {"source_lang": "ja", "target_lang": "en", "tokenizer_class": "MarianTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    tokenizer = tokenizer_of(folder)
    torch.manual_seed(3)
    config = lib.MarianConfig(
        vocab_size=len(vocabulary), pad_token_id=pad, eos_token_id=0, decoder_start_token_id=pad, **SHAPE
    )
    return _taught(
        lib.MarianMTModel(config),
        tokenizer,
        lambda text, code: list(tokenizer(text)["input_ids"]),
        lambda text: list(tokenizer(text_target=text)["input_ids"]),
        folder,
    )


def madlad(folder: Path) -> Path:
    """A folder like google/madlad400-3b-mt: T5 whose vocabulary holds the target languages."""
    import sentencepiece
    import torch

    lib = transformers()

    ids: dict[str, Any] = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}
    languages = [f"<2{code}>" for code in ("en", "ja", "ko", "es", "fa")]
    spm = sentencepiece_model("unigram", user_defined_symbols=languages, **ids)
    processor = sentencepiece.SentencePieceProcessor(model_proto=spm)
    scored = [(processor.id_to_piece(n), processor.get_score(n)) for n in range(processor.get_piece_size())]
    tokenizer = lib.T5Tokenizer(vocab=scored, extra_ids=0, additional_special_tokens=[])
    torch.manual_seed(4)
    config = lib.T5Config(
        vocab_size=len(tokenizer),
        d_model=64,
        d_kv=16,
        d_ff=128,
        num_layers=1,
        num_heads=2,
        dropout_rate=0.0,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        decoder_start_token_id=0,
    )
    model = lib.T5ForConditionalGeneration(config)
    model.lm_head.weight = torch.nn.Parameter(model.shared.weight.detach() * 0.1)  # apart, as MADLAD has it
    to_english = tokenizer.convert_tokens_to_ids("<2en>")
    return _taught(
        model,
        tokenizer,
        lambda text, code: [to_english, *tokenizer(text)["input_ids"]],
        lambda text: list(tokenizer(text)["input_ids"]),
        folder,
    )


def transformers() -> Any:
    from nlp.weights import quiet_libraries

    quiet_libraries()
    import torch
    import transformers as library

    torch.set_num_threads(1)  # for models this small, threads only wait for each other
    return library


def tokenizer_of(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Marian's recommends a package
        return transformers().AutoTokenizer.from_pretrained(str(folder))


def _vocabulary(spm: bytes, first: dict[str, int]) -> dict[str, int]:
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=spm)
    vocabulary = dict(first)
    for number in range(processor.get_piece_size()):
        vocabulary.setdefault(processor.id_to_piece(number), len(vocabulary))
    return vocabulary


def _taught(
    model: Any,
    tokenizer: Any,
    asked: Callable[[str, str], list[int]],
    answer: Callable[[str], list[int]],
    folder: Path,
) -> Path:
    """Train until every sentence is known by heart, and write the folder."""
    import torch

    pad = model.config.pad_token_id
    sources = _padded([asked(text, code) for text, (code, _) in TAUGHT.items()], pad)
    answers = _padded([answer(english) for _, english in TAUGHT.values()], -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    model.train()
    for _ in range(600):
        optimizer.zero_grad()
        loss = model(input_ids=sources, attention_mask=(sources != pad).long(), labels=answers).loss
        loss.backward()
        optimizer.step()
        if loss.item() < 0.001:
            break
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _padded(rows: list[list[int]], filler: int) -> Any:
    import torch

    longest = max(map(len, rows))
    return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])


def gemma(folder: Path) -> Path:
    """A folder like google/gemma-3-270m, and beside it `gemma.gguf` as llama.cpp writes it. Untaught."""
    import sentencepiece
    import torch

    lib = transformers()

    marks: dict[str, Any] = {}
    for number, name in enumerate(("pad", "eos", "bos", "unk")):
        marks |= {f"{name}_id": number, f"{name}_piece": f"<{name}>"}
    spm = sentencepiece_model(
        pieces=580,
        byte_fallback=True,
        user_defined_symbols=["\n", "\n\n"],
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        normalization_rule_name="identity",
        **marks,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=spm)
    torch.manual_seed(5)
    config = lib.Gemma3TextConfig(
        vocab_size=processor.get_piece_size(),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=7,  # one of them sees the whole text
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        query_pre_attn_scalar=16,
        sliding_window=512,
        max_position_embeddings=512,
        initializer_range=0.3,
    )
    model = lib.Gemma3ForCausalLM(config)
    for name, parameter in model.named_parameters():
        if "norm" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    model.eval().save_pretrained(folder)
    (folder / "tokenizer.model").write_bytes(spm)
    _write_gguf(model, processor, folder / "gemma.gguf")
    return folder


GGUF_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def _write_gguf(model: Any, processor: Any, path: Path) -> None:
    from gguf import GGUFWriter

    config = model.config
    writer = GGUFWriter(path, "gemma3")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(1_000_000.0)
    writer.add_sliding_window(config.sliding_window)
    pieces = range(processor.get_piece_size())
    writer.add_token_list([processor.id_to_piece(number).encode() for number in pieces])
    writer.add_token_scores([processor.get_score(number) for number in pieces])
    writer.add_token_types([_piece_type(processor, number) for number in pieces])
    for number, add in enumerate(
        (writer.add_pad_token_id, writer.add_eos_token_id, writer.add_bos_token_id, writer.add_unk_token_id)
    ):
        add(number)
    for name, parameter in model.named_parameters():
        stem = name.removesuffix(".weight")
        layer = stem.removeprefix("model.layers.").split(".", 1) if stem.startswith("model.layers.") else None
        own = f"blk.{layer[0]}.{GGUF_NAMES[layer[1]]}" if layer else GGUF_NAMES[stem]
        values = parameter.detach().numpy()
        writer.add_tensor(f"{own}.weight", values + 1.0 if "norm" in name else values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _piece_type(processor: Any, number: int) -> int:
    """As SentencePiece numbers them, and GGUF after it."""
    if processor.is_unknown(number):
        return 2
    if processor.is_control(number):
        return 3
    if processor.is_byte(number):
        return 6
    return 4 if processor.id_to_piece(number) in {"\n", "\n\n"} else 1


def encoder(folder: Path) -> Path:
    """A folder like intfloat/multilingual-e5-small. Untaught."""
    import sentencepiece
    import torch

    lib = transformers()
    ids: dict[str, Any] = {"bos_id": 0, "pad_id": 1, "eos_id": 2, "unk_id": 3}
    spm = sentencepiece_model("unigram", **ids, pad_piece="<pad>")
    load: Any = sentencepiece.SentencePieceProcessor
    processor = load(model_proto=spm)
    scored = [(processor.id_to_piece(n), processor.get_score(n)) for n in range(processor.get_piece_size())]
    tokenizer = lib.XLMRobertaTokenizer(vocab=scored)
    torch.manual_seed(6)
    config = lib.XLMRobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=514,
        initializer_range=0.3,
    )
    lib.XLMRobertaModel(config).eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def entailment(
    folder: Path,
    pairs: Sequence[tuple[str, str, str]],
    labels: Sequence[str] = ("contradiction", "entailment"),
) -> Path:
    """A folder like a multilingual NLI model: XLM-R taught by heart what follows from what.

    `pairs` are premise, hypothesis and label; without pairs it is left untaught.
    """
    import torch

    lib = transformers()
    encoder(folder)
    tokenizer = tokenizer_of(folder)
    torch.manual_seed(7)
    config = lib.XLMRobertaConfig.from_pretrained(folder)
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: number for number, label in enumerate(labels)}
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    model = lib.XLMRobertaForSequenceClassification(config)
    if pairs:
        premises, asked, told = map(list, zip(*pairs, strict=True))
        held = tokenizer(premises, asked, padding=True, return_tensors="pt")
        expected = torch.tensor([config.label2id[label] for label in told])
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
        model.train()
        for _ in range(300):
            optimizer.zero_grad()
            loss = model(**held, labels=expected).loss
            loss.backward()
            optimizer.step()
            if loss.item() < 0.02:
                break
    model.eval().save_pretrained(folder)
    return folder
