"""The default recipe against the ``learnware`` package, on the same model, rows and machine.

    python -m tests.benchmarks.specification_speed --peer-python PEER/bin/python
        [--data ../shared/data] [--repeats 3] [--threads 1] [--as-published]

PEER is an environment with learnware 0.4.0.post1 (without its dependencies), transformers 4.46.3,
trl 0.12.2, peft 0.13.2 and this torch; leave the option out to compare our own recipes only. Every
run is a process of its own; sides take turns. Both sides get the rows as the reference model's
template lays them out, cut to its 256 tokens (the package alone would read up to 2,048), and train
or differentiate an adapter of one shape. The package gets a Qwen2 copy of the model, with biases of
zero. ``--as-published`` adds the package with its 16 data loader processes per epoch; without them
is kinder to it. Ratios of processor time are the ones to trust on a busy machine.
Goal: 25 times as fast as the package. Writes ``results/specification_speed.csv``.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from lwtui import paths
from lwtui.dataset import open_dataset
from lwtui.dataset.example import Example
from lwtui.jobs import JobContext

HERE = Path(__file__).parent
ROWS = 64
TASKS = ("finance/banking77", "medicine/ner_bc2gm_gene", "math/gsm8k")
HALF = "gradient, 32 rows"
"""Whose pick is worth nearly the same (specs/README.md)."""
SIDES = ("gradient", HALF, "gradient float32", "paper", "package", "package as published")
COLUMNS = (
    "task", "side", "rows", "tokens", "threads", "repeats", "import_s", "load_s", "compute_s",
    "compute_cpu_s", "whole_s", "cpu_s", "peak_mb", "compute_ratio", "compute_cpu_ratio",
    "whole_ratio", "whole_cpu_ratio", "load_average",
)  # fmt: skip


def main() -> None:
    arguments = parse()
    if arguments.side:
        print(json.dumps(ours(arguments.side, arguments.request)))
        return
    sides = ["gradient", HALF, "gradient float32"]
    sides += ["paper"] if not arguments.no_paper else []
    if arguments.peer_python:
        sides.append("package")
        sides += ["package as published"] if arguments.as_published else []
    lines: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        qwen2_copy(folder / "model")
        for task, examples in tasks(arguments.data):
            request = write_request(folder, examples, arguments.threads)
            runs: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
            for turn in range(arguments.repeats):
                for side in sides if turn % 2 == 0 else sides[::-1]:
                    runs[side].append(run(side, request, arguments.peer_python))
            lines += summary(task, runs, arguments)
            show(lines[-len(sides) :])
            check_logits(runs)
            write(lines)
    around(arguments.threads)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--peer-python", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--as-published", action="store_true")
    parser.add_argument("--no-paper", action="store_true")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--request", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def tasks(data: Path) -> list[tuple[str, list[Example]]]:
    """Rows of tasks of different length, or of the demo folders where the data is not there."""
    if data.is_dir():
        from lwtui.starter.specifications import examples

        return [(task, examples(data, (task,), 1.0, ROWS)) for task in TASKS]
    folders = sorted(folder for folder in paths.demo_root().iterdir() if folder.is_dir())
    return [
        (folder.name, list(open_dataset(folder, None).sample(ROWS, 0, JobContext()).examples))
        for folder in folders
    ]


def rendered(examples: list[Example]) -> Any:
    from lwtui.spec.reference import load_reference
    from lwtui.spec.render import render
    from lwtui.spec.space import find_space

    space = find_space("starter")
    tokenizer = load_reference(space, "cpu").tokenizer
    return (
        space,
        tokenizer,
        [render(e, space.template, tokenizer, space.max_tokens) for e in examples],
    )


def write_request(folder: Path, examples: list[Example], threads: int) -> Path:
    """What either side computes, as a file; its rows never leave the temporary folder."""
    space, tokenizer, rows = rendered(examples)
    texts = [tokenizer.decode(list(r.prompt + r.answer), skip_special_tokens=False) for r in rows]
    file = folder / "request.json"
    facts = {
        "texts": texts,
        "ids": list(rows[0].prompt + rows[0].answer),
        "examples": [[e.prompt, e.input, e.answer] for e in examples],
        "threads": threads,
        "model": str(folder / "model"),
        "rank": space.rank,
        "alpha": space.alpha,
        "as_published": False,
        "logits": True,
    }
    file.write_text(json.dumps(facts), encoding="utf-8")
    return file


def qwen2_copy(folder: Path) -> None:
    """The reference model as a Qwen2: the same, with biases of zero on q, k and v."""
    import torch
    from safetensors.torch import load_file, save_file

    from lwtui.spec.reference import reference_folder
    from lwtui.spec.space import find_space

    source = reference_folder(find_space("starter"))
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    tensors = load_file(source / "model.safetensors")
    for name, weight in list(tensors.items()):
        if name.split(".")[-2] in ("q_proj", "k_proj", "v_proj"):
            tensors[name.replace(".weight", ".bias")] = torch.zeros(len(weight), dtype=weight.dtype)
    kept = (
        "hidden_act", "hidden_size", "intermediate_size", "num_attention_heads",
        "num_hidden_layers", "num_key_value_heads", "rms_norm_eps", "tie_word_embeddings",
        "vocab_size", "max_position_embeddings", "eos_token_id",
    )  # fmt: skip
    copied = {name: config[name] for name in kept}
    copied |= {
        "model_type": "qwen2",
        "architectures": ["Qwen2ForCausalLM"],
        "rope_theta": config["rope_parameters"]["rope_theta"],
        "torch_dtype": "bfloat16",
    }
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(copied), encoding="utf-8")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "tokenizer.json").write_bytes((source / "tokenizer.json").read_bytes())


def run(side: str, request: Path, peer: Path | None) -> dict[str, Any]:
    """One process, with its wall time."""
    facts = json.loads(request.read_text(encoding="utf-8"))
    environment = {**os.environ, "OMP_NUM_THREADS": str(facts["threads"]), "HF_HUB_OFFLINE": "1"}
    if side.startswith("package"):
        facts["as_published"] = side == "package as published"
        request.write_text(json.dumps(facts), encoding="utf-8")
        command = [str(peer), str(HERE / "specification_peer.py"), str(request)]
        environment["TOKENIZERS_PARALLELISM"] = "false"
    else:
        command = [sys.executable, "-m", "tests.benchmarks.specification_speed"]
        command += ["--side", side, "--request", str(request)]
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    whole = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{side} failed:\n{done.stderr[-2000:]}")
    return {**json.loads(done.stdout.splitlines()[-1]), "whole_s": whole}


def ours(side: str, request: Path) -> dict[str, Any]:
    """One recipe of ours, in this process."""
    began = time.perf_counter()
    facts = json.loads(request.read_text(encoding="utf-8"))
    examples = [Example(*three) for three in facts["examples"]]
    examples = examples[:32] if side == HALF else examples
    import torch

    from lwtui.spec.compute import compute
    from lwtui.spec.reference import load_reference
    from lwtui.spec.space import find_space

    imported = time.perf_counter()
    space = find_space("starter")
    dtype = torch.float32 if side == "gradient float32" else None
    reference = load_reference(space, "cpu", dtype)
    recipe = "paper" if side == "paper" else "gradient"
    _ = reference.model if side == "paper" else reference.decoder(space)
    loaded, before = time.perf_counter(), time.process_time()
    found = compute(examples, space, recipe, reference=reference)
    result: dict[str, Any] = {
        "import_s": imported - began,
        "load_s": loaded - imported,
        "compute_s": time.perf_counter() - loaded,
        "compute_cpu_s": time.process_time() - before,
        "cpu_s": time.process_time(),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rows": found.rows,
    }
    if side == "paper":
        with torch.no_grad():
            result["logits"] = (
                reference.model(torch.tensor([facts["ids"]])).logits[0, -1][:64].tolist()
            )
    return result


def summary(
    task: str, runs: dict[str, list[dict[str, Any]]], arguments: Any
) -> list[dict[str, Any]]:
    """Medians over repeats, and the ratios of every side to the default recipe."""
    tokens = next((found[0]["tokens"] for found in runs.values() if "tokens" in found[0]), "")
    timed = ("import_s", "load_s", "compute_s", "compute_cpu_s", "whole_s", "cpu_s", "peak_mb")
    lines = []
    for side, found in runs.items():
        line = {name: round(statistics.median(one[name] for one in found), 3) for name in timed}
        base = lines[0] if lines else line
        ratios = {
            "compute_ratio": "compute_s", "compute_cpu_ratio": "compute_cpu_s",
            "whole_ratio": "whole_s", "whole_cpu_ratio": "cpu_s",
        }  # fmt: skip
        line |= {name: round(line[of] / base[of], 2) for name, of in ratios.items()}
        line |= {"task": task, "side": side, "rows": found[0].get("rows", ROWS), "tokens": tokens}
        line |= {"threads": arguments.threads, "repeats": arguments.repeats}
        lines.append({**line, "load_average": round(os.getloadavg()[0], 1)})
    return lines


def show(lines: list[dict[str, Any]]) -> None:
    print(f"\n{lines[0]['task']}: {ROWS} rows, {lines[0]['tokens']} tokens")
    print("side                   import   load  compute  (cpu)   whole  (cpu)   peak   compute"
          "  (cpu)   whole  (cpu)")  # fmt: skip
    for line in lines:
        print(
            f"{line['side']:<22}{line['import_s']:6.1f}s{line['load_s']:6.1f}s"
            f"{line['compute_s']:8.2f}s{line['compute_cpu_s']:6.1f}s{line['whole_s']:7.1f}s"
            f"{line['cpu_s']:6.1f}s{line['peak_mb']:5.0f}MB{line['compute_ratio']:8.1f}x"
            f"{line['compute_cpu_ratio']:6.1f}x{line['whole_ratio']:7.1f}x"
            f"{line['whole_cpu_ratio']:6.1f}x",
            flush=True,
        )


def check_logits(runs: dict[str, list[dict[str, Any]]]) -> None:
    """The Qwen2 copy in the package's environment is the same model as ours."""
    known = [found[0]["logits"] for found in runs.values() if "logits" in found[0]]
    if len(known) > 1:
        off = max(abs(a - b) for a, b in zip(known[0], known[1], strict=True))
        size = max(abs(value) for value in known[0])
        print(f"largest difference of logits between the two: {off:.1e} of up to {size:.1f}")


def write(lines: list[dict[str, Any]]) -> None:
    with (HERE / "results" / "specification_speed.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(lines)


def around(threads: int) -> None:
    """What the user feels besides speed: how soon a cancel is heard, and memory against rows."""
    import torch

    from lwtui.spec.gradient import gradient_sums
    from lwtui.spec.reference import load_reference
    from lwtui.spec.space import find_space

    looks: list[float] = []

    class Watched(JobContext):
        def check(self) -> None:
            looks.append(time.perf_counter())

    torch.set_num_threads(threads)
    space = find_space("starter")
    reference = load_reference(space, "cpu")
    text = "word " * 300
    _, _, rows = rendered([Example(f"{n} {text}", "", f"{text} {n}") for n in range(512)])
    peaks = {}
    for count in (64, 512):
        gradient_sums(reference, space, rows[:count], Watched())
        peaks[count] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    gaps = sorted(b - a for a, b in itertools.pairwise(looks))
    middle, longest = (1000 * gap for gap in (gaps[len(gaps) // 2], gaps[-1]))
    print(f"\na cancel is looked for every {middle:.0f} ms, {longest:.0f} ms at the longest")
    print(f"peak memory: {peaks[64]:.0f} MB after 64 long rows, {peaks[512]:.0f} MB after 512")


if __name__ == "__main__":
    main()
