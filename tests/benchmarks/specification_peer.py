"""The other side of ``specification_speed.py``: the ``learnware`` package, in its own environment.

    python specification_peer.py ROWS.json

Computes the package's ``GenerativeModelSpecification`` of the given texts and prints one JSON line.
Imports nothing of lwtui. The subclass replaces what the package hard-codes (a download of
Qwen2.5-0.5B and its tokenizer) by a folder; training is the package's own.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

started = time.perf_counter()


def cpu_seconds() -> float:
    """Of this process and those it started."""
    found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in found)


def main() -> None:
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))

    import torch
    from learnware.specification.regular.text import generative
    from peft import LoraConfig, get_peft_model
    from transformers import PreTrainedTokenizerFast, Qwen2ForCausalLM

    torch.set_num_threads(request["threads"])
    imported = time.perf_counter()
    folder = request["model"]

    class Specification(generative.GenerativeModelSpecification):
        """With the same reference model, adapter shape and number of tokens as ours."""

        def _init_tokenizer_model(self, beimingwu):
            generative.set_seed(3407)
            tokenizer = PreTrainedTokenizerFast(
                tokenizer_file=f"{folder}/tokenizer.json",
                pad_token="<|endoftext|>",
            )
            model = Qwen2ForCausalLM.from_pretrained(
                folder, attn_implementation=self.attn_implementation, torch_dtype=torch.bfloat16
            )
            model = get_peft_model(
                model,
                LoraConfig(
                    r=request["rank"],
                    lora_alpha=request["alpha"],
                    lora_dropout=0.1,
                    bias="none",
                    task_type="CAUSAL_LM",
                    target_modules=["q_proj", "k_proj", "v_proj"],
                ),
            )
            for name, parameter in model.named_parameters():
                if "lora_A" in name:
                    parameter.requires_grad = False
            self.loaded = time.perf_counter()
            self.tokens = sum(len(tokenizer(text).input_ids) for text in request["texts"])
            return tokenizer, model

        def _trainer_config(self, temp_dir, dataset_text_field):
            config = super()._trainer_config(temp_dir, dataset_text_field)
            config.report_to = []
            config.disable_tqdm = True
            if not request["as_published"]:
                config.dataloader_num_workers = 0  # 16 processes, made anew for every epoch
            return config

    one = Specification(cuda_idx=-1)
    before = cpu_seconds()
    one.generate_stat_spec_from_data(X=request["texts"], beimingwu=False)
    done = time.perf_counter()
    facts = {
        "import_s": imported - started,
        "load_s": one.loaded - imported,
        "compute_s": done - one.loaded,
        "compute_cpu_s": cpu_seconds() - before,
        "cpu_s": cpu_seconds(),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "tokens": one.tokens,
        "numbers": one.task_vector.numel(),
    }
    if request["logits"]:
        model = Qwen2ForCausalLM.from_pretrained(folder, torch_dtype=torch.float32).eval()
        with torch.no_grad():
            found = model(torch.tensor([request["ids"]])).logits[0, -1]
        facts["logits"] = found[:64].tolist()
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()
