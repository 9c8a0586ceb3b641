"""What llama.cpp computes from our GGUF files is what transformers computes from the originals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny_models import TinyModel, needs_llama_cpp

from lwtui.errors import BadInput
from lwtui.starter.gguf_writer import write_base_gguf, write_lora_gguf

TEXTS = ["The bank charged me twice, 12345 times!", "Grüße 🙂 你好\n\n  tabs\tand it's fine", " "]


def transformers_logits(base: Path, adapter: Path | None, tokens: list[int]) -> np.ndarray:
    import torch
    from peft import PeftModel
    from transformers import LlamaForCausalLM

    model = LlamaForCausalLM.from_pretrained(base)
    if adapter is not None:
        model = PeftModel.from_pretrained(model, adapter)
    with torch.no_grad():
        return model.eval()(torch.tensor([tokens])).logits[0].numpy()


def llama_cpp_logits(base: Path, lora: Path | None, tokens: list[int]) -> np.ndarray:
    from llama_cpp import Llama

    lora_path = str(lora) if lora else None
    llama = Llama(str(base), lora_path=lora_path, n_ctx=128, logits_all=True, verbose=False)
    llama.eval(tokens)
    logits = llama.scores[: len(tokens)].copy()
    llama.close()
    return logits


@needs_llama_cpp
@pytest.mark.parametrize("with_adapter", [False, True])
def test_logits_agree(tiny_model: TinyModel, with_adapter: bool) -> None:
    tokens = list(range(3, 60))
    adapter = tiny_model.adapter if with_adapter else None
    expected = transformers_logits(tiny_model.base, adapter, tokens)
    lora = tiny_model.lora if with_adapter else None
    found = llama_cpp_logits(tiny_model.gguf, lora, tokens)
    # llama.cpp keeps keys and values in float16, so a little is lost on the way.
    assert np.abs(found - expected).max() < 0.02 * expected.std()


@needs_llama_cpp
def test_scales_of_peft_are_kept(tiny_model: TinyModel, tmp_path: Path) -> None:
    """Rank-stabilised LoRA and alpha patterns change the factor before B·A."""
    adapter = tmp_path / "adapter"
    shutil.copytree(tiny_model.adapter, adapter)
    file = adapter / "adapter_config.json"
    config = json.loads(file.read_text())
    config["use_rslora"] = True
    config["alpha_pattern"] = {"layers.1.self_attn.k_proj": 3}
    file.write_text(json.dumps(config))
    lora = write_lora_gguf(adapter, tiny_model.base, tmp_path / "lora.gguf", "f32")
    tokens = list(range(3, 40))
    expected = transformers_logits(tiny_model.base, adapter, tokens)
    plain = transformers_logits(tiny_model.base, tiny_model.adapter, tokens)
    found = llama_cpp_logits(tiny_model.gguf, lora, tokens)
    assert np.abs(plain - expected).max() > 0.1 * expected.std()
    assert np.abs(found - expected).max() < 0.02 * expected.std()


@needs_llama_cpp
def test_tokens_agree(tiny_model: TinyModel) -> None:
    from llama_cpp import Llama
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model.base)
    llama = Llama(str(tiny_model.gguf), vocab_only=True, verbose=False)
    for text in [*TEXTS, "<|im_start|>user\nhello<|im_end|>\n"]:
        ids = llama.tokenize(text.encode(), add_bos=False, special=True)
        assert ids == tokenizer(text)["input_ids"], text
        assert llama.detokenize(ids, special=True).decode() == text
    assert llama.metadata["tokenizer.chat_template"] == tokenizer.chat_template
    assert llama.token_eos() == tokenizer.eos_token_id
    llama.close()


@needs_llama_cpp
@pytest.mark.parametrize(("file_type", "tolerance"), [("f16", 0.02), ("q8_0", 0.1)])
def test_smaller_types_stay_close(
    tiny_model: TinyModel, tmp_path: Path, file_type: str, tolerance: float
) -> None:
    file = write_base_gguf(tiny_model.base, tmp_path / "base.gguf", file_type)  # type: ignore[arg-type]
    assert file.stat().st_size < 0.6 * tiny_model.gguf.stat().st_size
    tokens = list(range(3, 40))
    expected = transformers_logits(tiny_model.base, None, tokens)
    found = llama_cpp_logits(file, None, tokens)
    assert np.abs(found - expected).mean() < tolerance * expected.std()


def test_same_input_same_bytes(tiny_model: TinyModel, tmp_path: Path) -> None:
    again = write_base_gguf(tiny_model.base, tmp_path / "again.gguf", "f32")
    assert again.read_bytes() == tiny_model.gguf.read_bytes()


def test_what_cannot_be_converted_is_refused(tiny_model: TinyModel, tmp_path: Path) -> None:
    folder = tmp_path / "base"
    shutil.copytree(tiny_model.base, folder)
    file = folder / "config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps(config | {"model_type": "mamba"}))
    with pytest.raises(BadInput, match="Only Llama"):
        write_base_gguf(folder, tmp_path / "out.gguf")
    file.write_text(json.dumps(config | {"rope_parameters": {"rope_type": "yarn"}}))
    with pytest.raises(BadInput, match="rotary"):
        write_base_gguf(folder, tmp_path / "out.gguf")
    adapter = tmp_path / "adapter"
    shutil.copytree(tiny_model.adapter, adapter)
    file = adapter / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"use_dora": True}))
    with pytest.raises(BadInput, match="use_dora"):
        write_lora_gguf(adapter, tiny_model.base, tmp_path / "out.gguf")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["adapter", "base"]
