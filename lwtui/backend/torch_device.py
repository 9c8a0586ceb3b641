"""Where PyTorch runs a model, and in what precision."""

from __future__ import annotations

import psutil
import torch

from lwtui.errors import BackendError


def pick_device(wanted: str) -> torch.device:
    """The device asked for; ``auto``: CUDA, else Apple's GPU, else the CPU."""
    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return torch.device(next((name for name, there in has.items() if there), "cpu"))
    if not has.get(wanted, wanted == "cpu"):
        raise BackendError(f"PyTorch finds no {wanted} device here.", hint="Use the device 'auto'.")
    return torch.device(wanted)


def pick_dtype(device: torch.device, weight_bytes: int) -> torch.dtype:
    """bfloat16 where the hardware is fast at it, or where float32 would not fit the memory."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device.type == "mps":
        return torch.float16
    # Published weights have two bytes a parameter as a rule, float32 has four.
    fits = 2 * weight_bytes < psutil.virtual_memory().available / 2
    return torch.float32 if fits else torch.bfloat16
