"""Loads the reference model of a space, checked against the hash the space pins."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lwtui import paths
from lwtui.errors import BadInput, LwtuiError
from lwtui.spec.space import Space

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_FILES = ("config.json", "tokenizer.json", "model.safetensors")


@dataclass(frozen=True)
class Reference:
    """The frozen model, in evaluation mode, and its tokenizer."""

    model: Any
    tokenizer: Tokenizer
    device: str


def reference_folder(space: Space) -> Path:
    """Where the reference model's files lie; fetched from the Hub if the space asks for that.

    Raises ``LwtuiError`` when it is not here and cannot be fetched.
    """
    if space.learnware:
        return paths.models_dir(paths.starter_root()) / space.learnware
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(
                space.repository, revision=space.revision, allow_patterns=list(_FILES)
            )
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise LwtuiError(
            f"The reference model {space.repository} of space {space.name} is not on this machine "
            "and could not be fetched from the Hub.",
            hint="Connect once, or use the built-in space: --space starter",
        ) from error


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def load_reference(space: Space, device: str = "auto") -> Reference:
    """Load the model: float32 on a CPU, bfloat16 on a GPU. Raises ``BadInput`` if it is not the
    one the space pins, since its vectors could not be compared with anybody's."""
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM

    folder = reference_folder(space)
    for name in _FILES:
        if not (folder / name).is_file():
            raise LwtuiError(
                "A file of the reference model is missing.",
                file=folder / name,
                hint="Install lwtui again." if space.learnware else "Fetch the model again.",
            )
    if file_sha256(folder / "model.safetensors") != space.weights_sha256:
        raise BadInput(
            f"This is not the reference model of space {space.id}: its hash differs.",
            file=folder / "model.safetensors",
            hint="Install lwtui again." if space.learnware else "Delete it and fetch it again.",
        )
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    model = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=torch.bfloat16 if device == "cuda" else torch.float32,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
    )
    model.requires_grad_(False)
    model.to(device).eval()
    return Reference(model, Tokenizer.from_file(str(folder / "tokenizer.json")), device)
