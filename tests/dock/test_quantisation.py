"""Which GGUF file this machine should get."""

from __future__ import annotations

import pytest

from lwtui.dock.quantisation import choose, fits, free_memory, quantisations, room
from lwtui.dock.record import HubFile

MIB = 2**20
GIB = 2**30


def choices(sizes: dict[str, int], free: int = 0) -> dict[str, int]:
    return {each.name: each.size for each in quantisations(files(sizes), free)}


def files(sizes: dict[str, int]) -> list[HubFile]:
    return [HubFile(path, size) for path, size in sizes.items()]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Qwen2.5-7B-Instruct-Q4_K_M.gguf", "Q4_K_M"),
        ("qwen2.5-0.5b-instruct-q5_k_m.gguf", "Q5_K_M"),
        ("llama-2-7b.Q6_K.gguf", "Q6_K"),
        ("model-IQ3_XS.gguf", "IQ3_XS"),
        ("model-IQ2_XXS.gguf", "IQ2_XXS"),
        ("gemma-3-4b-it-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
        ("model-Q4_0_4_8.gguf", "Q4_0_4_8"),
        ("model-f16.gguf", "F16"),
        ("model-fp16.gguf", "FP16"),
        ("model-BF16.gguf", "BF16"),
        ("model.F32.gguf", "F32"),
        ("gpt-oss-20b-MXFP4.gguf", "MXFP4"),
        ("bitnet-TQ1_0.gguf", "TQ1_0"),
        ("Q8_0/model.gguf", "Q8_0"),
        ("Q4-chat-Q5_0.gguf", "Q5_0"),
        ("my model.gguf", "my model"),
        ("folder/tuned.gguf", "tuned"),
        ("UPPER-Q4_K_M.GGUF", "Q4_K_M"),
    ],
)
def test_names(path: str, name: str) -> None:
    assert choices({path: 5}) == {name: 5}


def test_split_models_are_one_choice_in_order_and_whole() -> None:
    sizes = {
        "big-Q8_0-00002-of-00003.gguf": 20,
        "big-Q8_0-00001-of-00003.gguf": 10,
        "big-Q8_0-00003-of-00003.gguf": 30,
        "Q6_K/big-Q6_K-00001-of-00002.gguf": 9,
        "big-Q5_K_M-00001-of-00001.gguf": 4,
    }
    (small, large) = quantisations(files(sizes), 0)
    assert (small.name, large.name) == ("Q5_K_M", "Q8_0")
    assert [file.size for file in large.files] == [10, 20, 30]
    assert large.size == 60


def test_what_is_no_model_is_no_choice() -> None:
    names = ["mmproj-F16", "imatrix", "x-mmproj", "lora/x-lora-f16", "a.draft", "control-vector-x"]
    assert not choices({f"{name}.gguf": 5 for name in names})
    assert not choices({"README.md": 5, "model.safetensors": 9})


def test_two_models_of_one_name_are_told_apart() -> None:
    assert set(choices({"one-Q4_K_M.gguf": 5, "two-Q4_K_M.gguf": 6, "two-Q8_0.gguf": 7})) == {
        "one-Q4_K_M",
        "two-Q4_K_M",
        "Q8_0",
    }


@pytest.mark.parametrize(
    ("free", "name", "fitting"),
    [
        (64 * GIB, "Q8_0", True),  # 16 bits would fit, and are not worth twice the size
        (9 * GIB, "Q5_K_M", True),
        (6 * GIB, "Q4_K_M", True),
        (4 * GIB, "IQ2_M", True),
        (2 * GIB, "IQ2_M", False),  # none fits: the smallest, and it says so
        (0, "Q8_0", True),  # nothing is known of the memory
    ],
)
def test_advice_is_the_best_that_leaves_room(free: int, name: str, fitting: bool) -> None:
    sizes = {"m-F16.gguf": 15.0, "m-Q8_0.gguf": 8.1, "m-Q5_K_M.gguf": 5.4, "m-Q4_K_M.gguf": 4.7}
    sizes["m-IQ2_M.gguf"] = 2.8
    found = quantisations(files({path: int(size * GIB) for path, size in sizes.items()}), free)
    assert [each.size for each in found] == sorted(each.size for each in found)
    advised = [each for each in found if each.advised]
    assert [(each.name, each.fits) for each in advised] == [(name, fitting)]


def test_full_precision_is_advised_where_there_is_nothing_else() -> None:
    (only,) = quantisations(files({"m-F16.gguf": MIB}), GIB)
    assert only.advised


def test_choosing_by_name_or_by_advice() -> None:
    found = quantisations(files({"m-Q8_0.gguf": 8 * MIB, "m-Q4_K_M.gguf": 4 * MIB}), GIB)
    assert choose(found).name == "Q8_0"
    assert choose(found, "q4_k_m").name == "Q4_K_M"
    assert choose(found, "Q3_K_S") is None
    assert choose((), "") is None


def test_room_holds_the_keys_and_values_of_4096_tokens_of_an_8b_model() -> None:
    cache = 2 * 32 * 4096 * 1024 * 2
    assert room(int(4.7 * GIB)) > cache
    assert room(100 * GIB) == 2 * GIB
    assert fits(GIB, GIB + room(GIB))
    assert not fits(GIB, GIB + room(GIB) - 1)


def test_memory_of_this_machine_is_known() -> None:
    assert free_memory() > 16 * MIB
