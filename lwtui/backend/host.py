"""The model's process: reads requests, runs one backend, answers.

Two threads. The control thread only reads: a ``stop`` is noted at once, even in the middle of an
answer, and the end of the line (the app is gone) ends this process. The main thread works.
"""

from __future__ import annotations

import importlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, cast

from lwtui.backend.protocol import (
    Backend,
    Chunk,
    Finished,
    GenerationSettings,
    Message,
    ModelPlan,
)
from lwtui.backend.wire import Channel
from lwtui.errors import BackendError, BadInput, Cancelled, LwtuiError

BACKENDS = {
    "transformers": "lwtui.backend.transformers_backend:TransformersBackend",
    "llama_cpp": "lwtui.backend.llama_cpp_backend:LlamaCppBackend",
    "openai": "lwtui.backend.openai_backend:OpenAIBackend",
}

CHUNK_SECONDS = 0.033
"""Pieces of an answer are gathered for so long before they are sent."""


def main() -> None:
    """Run until the app closes its end of the line."""
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must end in the log, never between our messages.
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    # Ctrl+C is the app's business; it sends a stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Where transformers finds scipy it loads it, for the losses of object detectors: half a second
    # before every first answer. None is how Python is told that a module is not there.
    sys.modules["scipy"] = None  # type: ignore[assignment]
    Host(Channel(incoming, outgoing)).run()


class Host:
    """Serves one app. At most one backend is loaded at a time."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._requests: queue.SimpleQueue[tuple[str, int, Any]] = queue.SimpleQueue()
        self._stopped: set[int] = set()
        self._backend: Backend | None = None
        self._backend_name = ""

    def run(self) -> None:
        threading.Thread(target=self._control, daemon=True).start()
        self._channel.send("hello", 0, os.getpid())
        while True:
            kind, call, value = self._requests.get()
            try:
                self._channel.send("result", call, self._serve(kind, call, value))
            except LwtuiError as error:
                self._channel.send("error", call, error)
            except MemoryError:
                self._channel.send("error", call, _out_of_memory("memory"))
            except BrokenPipeError:
                os._exit(0)
            except Exception as error:  # noqa: BLE001 - told to the app, with its trace in the log
                traceback.print_exc()
                self._channel.send("error", call, _described(error))
            self._stopped.discard(call)

    def _control(self) -> None:
        try:
            while True:
                message = self._channel.receive()
                if message[0] == "stop":
                    self._stopped.add(message[1])
                else:
                    self._requests.put(message)
        except (EOFError, OSError):
            # The app has closed the line or died. Nothing here is worth saving, and the main
            # thread may be deep in native code: leave at once.
            os._exit(0)

    def _serve(self, kind: str, call: int, value: Any) -> object:
        if kind == "ping":
            return None
        if kind == "load":
            return self._load(value)
        if kind == "unload":
            self._unload()
            return None
        backend = self._backend
        if backend is None:
            raise BackendError("No model is loaded.")
        if kind == "render":
            return backend.render(*value)
        if kind == "generate":
            messages, settings = value
            return self._generate(backend, call, messages, settings)
        if kind in ("loglikelihoods", "rolling", "complete"):
            return self._many(getattr(backend, kind), call, value)
        raise BackendError(f"Unknown request {kind!r}.")

    def _load(self, plan: ModelPlan) -> object:
        if self._backend is None or self._backend_name != plan.backend:
            self._unload()
            self._backend = _make(plan.backend)
            self._backend_name = plan.backend
        return self._backend.load(plan)

    def _unload(self) -> None:
        if self._backend is not None:
            self._backend.unload()
            self._backend = None

    def _generate(
        self,
        backend: Backend,
        call: int,
        messages: Sequence[Message],
        settings: GenerationSettings,
    ) -> Finished:
        stream = backend.generate(messages, settings, lambda: call in self._stopped)
        text, sent = "", 0.0
        for item in stream:
            if isinstance(item, Finished):
                if text:
                    self._channel.send("chunk", call, Chunk(text, item.tokens))
                return item
            text += item.text
            now = time.monotonic()
            # A message a token would wake the app hundreds of times a second, on the cores the
            # model needs. Empty pieces go out too: a sign of life while a long prompt is read.
            if now - sent >= CHUNK_SECONDS:
                self._channel.send("chunk", call, Chunk(text, item.tokens))
                text, sent = "", now
        raise BackendError("The answer ended without an end.")

    def _many(self, method: Callable[..., object], call: int, requests: Sequence[object]) -> object:
        """Answer many requests with one method of the backend, telling how far it is."""
        sent, last = 0.0, -1

        def check(done: int) -> None:
            nonlocal sent, last
            if call in self._stopped:
                raise Cancelled()
            now = time.monotonic()
            # A sign of life now and then, even where a long step finishes nothing.
            if done != last or now - sent >= 1.0:
                self._channel.send("progress", call, done)
                sent, last = now, done

        return method(requests, check)


def _make(name: str) -> Backend:
    if name not in BACKENDS:
        raise BadInput(f"The backend {name!r} is not in this version.")
    module, kind = BACKENDS[name].split(":")
    try:
        return cast(Backend, getattr(importlib.import_module(module), kind)())
    except ImportError as error:
        raise BackendError(f"The backend {name!r} cannot be loaded: {error}.") from error


def _out_of_memory(what: str) -> BackendError:
    return BackendError(
        f"There is not enough {what} for this model.",
        hint="Close other programs, or take a smaller model or a quantised (GGUF) one.",
    )


def _described(error: Exception) -> BackendError:
    if type(error).__name__ == "OutOfMemoryError" or "out of memory" in str(error).lower():
        return _out_of_memory("GPU memory")
    first = (str(error).strip().splitlines() or [""])[0]
    return BackendError(f"The model failed: {type(error).__name__}: {first}")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
    sys.exit(0)
