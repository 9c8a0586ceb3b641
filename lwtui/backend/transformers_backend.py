"""Runs safetensors models with Hugging Face transformers; PEFT adapters are swapped in place."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch

from lwtui.backend.completing import begin_writing
from lwtui.backend.machine import answer_threads, batch_threads
from lwtui.backend.prompt import Detokeniser, Slices, StopText, fit
from lwtui.backend.protocol import (
    Chunk,
    Completed,
    Completion,
    Continuation,
    Finished,
    GenerationSettings,
    LogLikelihood,
    Message,
    ModelPlan,
    ModelReady,
    ignore,
    never,
)
from lwtui.backend.scoring import Done, score, score_rolling
from lwtui.backend.template import ChatTemplate, ends_open
from lwtui.backend.tokens import HuggingFaceTokens
from lwtui.backend.torch_completing import TorchCompleter
from lwtui.backend.torch_device import pick_device, pick_dtype
from lwtui.backend.torch_header import Header
from lwtui.backend.torch_sampling import Sampler
from lwtui.backend.torch_scoring import TorchScorer
from lwtui.errors import BackendError, BadInput

ADAPTERS_KEPT = 4
"""Adapters kept on a loaded base; the one used longest ago goes first."""
SLICE = 512
"""Most prompt tokens in one forward pass."""


class TransformersBackend:
    """One base model, its tokenizer, and a few adapters on it."""

    def __init__(self) -> None:
        self._plan: ModelPlan | None = None
        self._model: Any = None
        self._tokens: HuggingFaceTokens
        self._template: ChatTemplate
        self._adapters: dict[Path, str] = {}
        """PEFT's name of every adapter loaded, the one used last at the end."""
        self._device = torch.device("cpu")
        self._context = 0
        self._weight_bytes = 0
        self._base_loads = 0
        self._adapter_count = 0
        self._cache: Any = None
        self._cached: list[int] = []
        """The tokens whose keys and values are in the cache."""
        self._header: Header
        """What texts to be scored began with last."""
        self._can_share: bool | None = None
        """Whether such texts may be read together; None: not tried yet."""

    def load(self, plan: ModelPlan) -> ModelReady:
        begun = time.monotonic()
        before = self._plan
        same = before is not None and (before.base, before.device) == (plan.base, plan.device)
        if not same:
            self.unload()
            self._load_base(plan)
            self._tokens = HuggingFaceTokens(plan.base)
        try:
            self._use_adapter(plan.adapter)
        except Exception:
            # A half-added adapter would colour every later answer: start from the base again.
            self.unload()
            raise
        tokens = self._tokens
        template = plan.chat_template or tokens.chat_template
        self._template = ChatTemplate(template, tokens.special, **tokens.named)
        trained = int(getattr(self._model.config, "max_position_embeddings", 0) or 2048)
        self._context = min(plan.context_length or trained, trained)
        self._forget()
        self._header = Header(self._model, self._device)
        self._plan = plan
        return ModelReady(
            plan.learnware,
            "transformers",
            str(self._device),
            self._context,
            time.monotonic() - begun,
            self._base_loads,
            os.getpid(),
        )

    def _load_base(self, plan: ModelPlan) -> None:
        from transformers import AutoModelForCausalLM

        weights = sorted(plan.base.glob("*.safetensors")) if plan.base.is_dir() else []
        if not weights:
            raise BadInput("There are no safetensors weights here.", file=plan.base)
        self._device = pick_device(plan.device)
        self._weight_bytes = sum(file.stat().st_size for file in weights)
        dtype = pick_dtype(self._device, self._weight_bytes)
        try:
            model: Any = AutoModelForCausalLM.from_pretrained(
                plan.base,
                dtype=dtype,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
            )
        except (OSError, ValueError, KeyError) as error:
            reason = str(error).strip().splitlines()[0]
            raise BackendError(f"The model in {plan.base} cannot be loaded: {reason}") from error
        self._model = model.to(self._device).eval()
        self._can_share = None
        self._base_loads += 1

    def _use_adapter(self, folder: Path | None) -> None:
        """Make ``folder`` the active adapter; None: the bare base."""
        if folder is None:
            return
        if folder not in self._adapters:
            self._add_adapter(folder)
        name = self._adapters.pop(folder)
        self._adapters[folder] = name
        self._model.set_adapter(name)
        for old in list(self._adapters)[:-ADAPTERS_KEPT]:
            self._model.delete_adapter(self._adapters.pop(old))

    def _add_adapter(self, folder: Path) -> None:
        from peft import PeftModel

        # PEFT falls back to a pickle, or to the Hub, when this file is missing.
        for name in ("adapter_model.safetensors", "adapter_config.json"):
            if not (folder / name).is_file():
                raise BadInput(f"The adapter has no {name}.", file=folder)
        self._adapter_count += 1
        name = f"adapter{self._adapter_count}"
        try:
            if isinstance(self._model, PeftModel):
                self._model.load_adapter(folder, name, is_trainable=False, local_files_only=True)
            else:
                self._model = PeftModel.from_pretrained(
                    self._model, folder, adapter_name=name, local_files_only=True
                )
        except (RuntimeError, ValueError, KeyError, TypeError) as error:
            lines = str(error).strip().splitlines()
            raise BackendError(
                f"The adapter does not fit its base: {' '.join(lines[:2])}",
                hint="Is it made for this very base model?",
            ) from error
        self._adapters[folder] = name
        self._model.eval()

    def _active(self) -> AbstractContextManager[Any]:
        """The bare base is the same model with its adapters switched off."""
        plan = self._plan
        if self._adapters and plan is not None and plan.adapter is None:
            context: AbstractContextManager[Any] = self._model.disable_adapter()
            return context
        return nullcontext()

    def render(
        self,
        messages: Sequence[Message],
        generation_prompt: bool = True,
        continue_last: bool = False,
    ) -> str:
        return self._template.render(messages, generation_prompt, continue_last)

    def _encode(self, messages: Sequence[Message]) -> list[int]:
        text = self._template.render(messages, continue_last=ends_open(messages))
        return self._tokens.encode(text)

    def generate(
        self,
        messages: Sequence[Message],
        settings: GenerationSettings,
        stopped: Callable[[], bool] = never,
    ) -> Iterator[Chunk | Finished]:
        begun = time.monotonic()
        prompt = fit(messages, self._encode, self._context, settings.max_tokens)
        sampler = Sampler(settings, prompt.tokens, self._device)
        text = StopText((*settings.stop, *self._template.stop))
        decoder = Detokeniser(self._tokens.decode)
        ends = set() if settings.ignore_end else self._tokens.ends | self._ends()
        count, first, reason = 0, 0.0, "length"
        pending = self._uncached(prompt.tokens)
        torch.set_num_threads(answer_threads(self._weight_bytes))
        with torch.inference_mode(), self._active():
            logits: Any = None
            for part in Slices(SLICE).cut(pending):
                if stopped():
                    break
                logits = self._forward(part)
                yield Chunk("", 0)
            limit = min(settings.max_tokens, self._context - len(prompt.tokens))
            while count < limit:
                if stopped():
                    reason = "cancelled"
                    break
                token = sampler.pick(logits)
                first = first or time.monotonic() - begun
                if token in ends:
                    reason = "stop"
                    break
                count += 1
                yield Chunk(text.feed(decoder.feed(token)), count)
                if text.found:
                    reason = "stop"
                    break
                if count < limit:
                    logits = self._forward([token])
        if not text.found:
            yield Chunk(text.feed(decoder.flush()) + text.flush(), count)
        yield Finished(
            reason,  # type: ignore[arg-type]
            len(prompt.tokens),
            count,
            first,
            time.monotonic() - begun,
            prompt.dropped_messages,
            prompt.truncated_tokens,
        )

    def _ends(self) -> set[int]:
        ends = self._model.generation_config.eos_token_id
        return set(ends) if isinstance(ends, list) else {ends} - {None}

    def _forward(self, part: Sequence[int]) -> Any:
        """Logits (vocabulary,) after ``part``, which goes to the cache."""
        batch = torch.tensor([list(part)], device=self._device)
        cache, self._cache = self._cache, None  # lost, should the model fail half-way
        out = self._model(input_ids=batch, past_key_values=cache, use_cache=True, logits_to_keep=1)
        self._cache = out.past_key_values
        self._cached.extend(part)
        return out.logits[0, -1].float()

    def _uncached(self, tokens: list[int]) -> list[int]:
        """Keep what the cache shares with a new prompt and return the tokens still to read."""
        shared = 0
        for old, new in zip(self._cached, tokens[:-1], strict=False):
            if old != new:
                break
            shared += 1
        layers = getattr(self._cache, "layers", ())
        plain = bool(layers) and all(type(layer).__name__ == "DynamicLayer" for layer in layers)
        if not shared or not plain:
            self._forget()
            return tokens
        if shared < len(self._cached):
            self._cache.crop(shared - len(self._cached))  # negative: so many from its end
            self._cached = self._cached[:shared]
        return tokens[shared:]

    def _forget(self) -> None:
        self._cache, self._cached = None, []

    def loglikelihoods(
        self, requests: Sequence[Continuation], done: Callable[[int], None] = ignore
    ) -> list[LogLikelihood]:
        return self._scored(score, requests, done)

    def rolling(
        self, texts: Sequence[str], done: Callable[[int], None] = ignore
    ) -> list[LogLikelihood]:
        return self._scored(score_rolling, texts, done)

    def _scored(
        self, how: Callable[..., list[LogLikelihood]], asked: Sequence[object], done: Done
    ) -> list[LogLikelihood]:
        torch.set_num_threads(batch_threads(self._weight_bytes))
        with torch.inference_mode(), self._active():
            scorer = TorchScorer(self._model, self._device, self._header)
            run = functools.partial(scorer.run, share=self._shares())
            return how(asked, self._tokens, self._context, run, done)

    def _shares(self) -> bool:
        """Whether beginnings may be shared: tried once for every base."""
        if self._can_share is None:
            scorer = TorchScorer(self._model, self._device, self._header)
            self._can_share = scorer.can_share()
        return self._can_share

    def complete(
        self, requests: Sequence[Completion], done: Callable[[int], None] = ignore
    ) -> list[Completed]:
        torch.set_num_threads(batch_threads(self._weight_bytes))
        tokens = self._tokens
        writings = begin_writing(
            requests,
            tokens,
            self._context,
            self._template.stop,
            tokens.ends | self._ends(),
            lambda: Detokeniser(tokens.decode),
        )
        with torch.inference_mode(), self._active():
            header = self._header if self._shares() else None
            TorchCompleter(self._model, self._device, header).complete(writings, done)
        return [writing.completed() for writing in writings]

    def unload(self) -> None:
        self._plan, self._model, self._adapters = None, None, {}
        self._forget()
        self._header = Header(None, self._device)
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
