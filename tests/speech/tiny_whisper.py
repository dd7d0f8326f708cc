"""Whisper with small random weights, in CTranslate2's format: real code, and no sense at all."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

_BYTES, _END, _VOCABULARY = 256, 50_257, 51_866
_LONGEST = 24  # tokens of a prompt and what is said after it


def write_tiny_whisper(folder: Path) -> Path:
    """A folder as ct2-transformers-converter writes it: a small model, a byte-level tokenizer."""
    import torch
    from ctranslate2.converters.transformers import WhisperLoader
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    tokenizer = _tokenizer()
    torch.manual_seed(11)
    config = WhisperConfig(
        vocab_size=_VOCABULARY,
        d_model=16,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
    )
    model = WhisperForConditionalGeneration(config).eval()
    model.generation_config.suppress_tokens = []
    model.generation_config.begin_suppress_tokens = [_END]
    languages = {name: tokenizer.token_to_id(name) for name in _languages()}
    model.generation_config.lang_to_id = languages
    said = SimpleNamespace(get_vocab=tokenizer.get_vocab, additional_special_tokens=[])
    said.unk_token = said.eos_token = "<|endoftext|>"
    said.bos_token = "<|startoftranscript|>"
    with torch.no_grad():
        # Sure of itself: what is unlikely is tried six times over.
        model.model.decoder.embed_tokens.weight.mul_(60)
        # And soon at its end: it would say one word until it may say no more, ten seconds long.
        end = model.model.decoder.embed_tokens.weight[_END].mul_(3)
        model.model.decoder.embed_positions.weight[_LONGEST:] = 20 * end / end.norm()
        spec = WhisperLoader()(model, said)
    spec.validate()
    folder.mkdir(parents=True)
    spec.optimize()
    spec.save(str(folder))
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def _languages() -> list[str]:
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    return [f"<|{code}|>" for code in _LANGUAGE_CODES]


def _tokenizer():
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    assert len(letters) == _BYTES
    words = letters + [f"<extra{at}>" for at in range(_END - _BYTES)]
    made = Tokenizer(models.BPE(vocab={word: at for at, word in enumerate(words)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    tasks = ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"]
    special = ["<|endoftext|>", "<|startoftranscript|>", *_languages()]
    special += [f"<|{task}|>" for task in tasks]
    special += [f"<|{at * 0.02:.2f}|>" for at in range(1501)]
    made.add_special_tokens([AddedToken(each, special=True) for each in special])
    assert made.get_vocab_size() == _VOCABULARY
    return made
