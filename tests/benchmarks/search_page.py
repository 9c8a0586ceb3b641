"""How long until a page of the Hub's search is there, over loopback, with 10,000 repositories.

    python -m tests.benchmarks.search_page [--repositories 10000] [--rounds 15]

The server of the tests runs in a process of its own. Measured, each as a median of the rounds:

- start: a new Python process, from before its first import until the first page (50 models);
- connect: in a running process, with a new connection;
- warm: the same on a connection that is open;
- cached: the same page again within ten minutes;
- scroll: the page after the one before, as one scrolls;
- domain: a domain without a text: four questions at once, merged;
- details: one model with its files;
- floor: the warm page's request alone by the HTTP client, bytes read and nothing made of them.

The rows on a screen come on top: the app's own benchmark measures them.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "search_page.csv"
START = """
import time
started = time.perf_counter()
from lwtui.dock.record import HubQuery
from lwtui.workflow.search import search_hub
page = search_hub(HubQuery(sort="downloads"), fresh=True)
print((time.perf_counter() - started) * 1000, len(page.models))
"""


def serve(count: int, pipe: Any) -> None:
    """Run the server until the other end of ``pipe`` says so."""
    from tests.hub.server import HubServer

    with HubServer() as server:
        server.add_many(count)
        pipe.send(server.url)
        pipe.recv()


def timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def started_anew() -> float:
    done = subprocess.run([sys.executable, "-c", START], check=True, capture_output=True, text=True)
    milliseconds, models = done.stdout.split()
    assert models == "50", done.stderr
    return float(milliseconds)


def measure(rounds: int) -> dict[str, list[float]]:
    from huggingface_hub import close_session
    from huggingface_hub.utils import get_session

    from lwtui.dock import hub
    from lwtui.dock.record import HubQuery
    from lwtui.dock.search_query import parameters
    from lwtui.workflow.search import hub_model, search_hub

    query = HubQuery(sort="downloads")
    found: dict[str, list[float]] = {"start": [started_anew() for _ in range(rounds)]}
    search_hub(query, fresh=True)  # imports

    def add(name: str, action: Callable[[], object]) -> None:
        found.setdefault(name, []).append(timed(action))

    def ask_floor() -> None:
        address = f"{hub.endpoint()}/api/models"
        get_session().get(address, params=parameters(query, 50), headers=hub.headers())

    cursor = ""
    for number in range(rounds):
        close_session()
        add("connect", lambda: search_hub(query, fresh=True))
        add("warm", lambda: search_hub(query, fresh=True))
        add("cached", lambda: search_hub(query))
        add("domain", lambda: search_hub(HubQuery(domain="mathematics"), fresh=True))
        add("details", lambda number=number: hub_model(f"many/model-{number:05}"))
        add("floor", ask_floor)
    for _ in range(rounds + 1):
        started = time.perf_counter()
        page = search_hub(query, cursor, fresh=True)
        if cursor:
            found.setdefault("scroll", []).append((time.perf_counter() - started) * 1000)
        assert len(page.models) == 50
        cursor = page.next
    return found


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("--repositories", type=int, default=10_000)
    reader.add_argument("--rounds", type=int, default=15)
    chosen = reader.parse_args()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(chosen.repositories, theirs))
    server.start()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            HF_ENDPOINT=ours.recv(), HF_HOME=f"{folder}/hf", LWTUI_HOME=f"{folder}/home"
        )
        for name in ("HF_HUB_OFFLINE", "HF_TOKEN", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            os.environ.pop(name, None)
        found = measure(chosen.rounds)
    ours.send("done")
    server.join()
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["what", "repositories", "rounds", "median_ms", "fastest_ms", "slowest_ms"])
        for name, times in found.items():
            row = [f"{value:.1f}" for value in (statistics.median(times), min(times), max(times))]
            table.writerow([name, chosen.repositories, len(times), *row])
            print(f"{name:8} {row[0]:>8} ms  ({row[1]} to {row[2]}, {len(times)} rounds)")


if __name__ == "__main__":
    main()
