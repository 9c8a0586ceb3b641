"""Loads the reference model of a space, checked against the hash the space pins."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lwtui import paths
from lwtui.errors import BadInput, LwtuiError
from lwtui.spec.space import Space

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

    from lwtui.spec.decoder import Decoder

_FILES = ("config.json", "tokenizer.json", "model.safetensors")


class Reference:
    """The frozen model of a space, in evaluation mode, and its tokenizer.

    Two forms of one model, each made when first asked for: ``model`` by transformers, for whatever
    trains or generates, and :meth:`decoder`, which computes gradients and nothing else.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Tokenizer,
        device: str,
        *,
        folder: Path | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        """A loaded ``model``, or None and the ``folder`` to load it from. ``dtype`` is the
        decoder's: the model's own, or :func:`engine_dtype`'s, unless given."""
        self.tokenizer = tokenizer
        self.device = device
        self._model = model
        self._folder = folder
        self._dtype = dtype or (model.dtype if model is not None else engine_dtype(device))
        self._decoders: dict[str, Decoder] = {}

    @property
    def model(self) -> Any:
        """As transformers loads it: float32 on a CPU, bfloat16 on a GPU."""
        if self._model is None:
            self._model = _transformers_model(cast(Path, self._folder), self.device)
        return self._model

    def decoder(self, space: Space) -> Decoder:
        """The engine that computes gradients in a space of this model."""
        if space.id not in self._decoders:
            self._decoders[space.id] = self._new_decoder(space)
        return self._decoders[space.id]

    def _new_decoder(self, space: Space) -> Decoder:
        from safetensors import safe_open

        from lwtui.spec.decoder import Decoder

        if self._folder is None:
            tensors = self._model.state_dict()
            weights = {name: functools.partial(tensors.get, name) for name in tensors}
            config = self._model.config.to_dict()
            return Decoder(config, weights, space, self._dtype, self.device)
        config = json.loads((self._folder / "config.json").read_text(encoding="utf-8"))
        with safe_open(self._folder / "model.safetensors", framework="pt") as file:
            weights = {name: functools.partial(file.get_tensor, name) for name in file.keys()}  # noqa: SIM118
            return Decoder(config, weights, space, self._dtype, self.device)


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


def engine_dtype(device: str) -> torch.dtype:
    """What gradients are computed in: bfloat16 where the device multiplies in it (1.6 to 1.9 times
    as fast on such a CPU, see ``tests/benchmarks/specification_speed.py``), else float32."""
    import torch

    if device != "cpu":
        return torch.bfloat16
    able = torch.cpu.get_capabilities()
    fast = able.get("avx512_bf16") or able.get("amx_bf16")
    return torch.bfloat16 if fast else torch.float32


def load_reference(
    space: Space, device: str = "auto", dtype: torch.dtype | None = None
) -> Reference:
    """The reference model, for gradients in ``dtype`` (:func:`engine_dtype`'s unless given).

    Raises ``BadInput`` if it is not the one the space pins, since its vectors could not be compared
    with anybody's, and ``LwtuiError`` if a file is missing.
    """
    import torch
    from tokenizers import Tokenizer

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
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return Reference(None, tokenizer, device, folder=folder, dtype=dtype)


def _transformers_model(folder: Path, device: str) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=torch.bfloat16 if device == "cuda" else torch.float32,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
    )
    model.requires_grad_(False)
    return model.to(device).eval()
