"""The loopback Hub's misbehaviour is what it says it is, seen by a plain HTTP client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.hub.faults import Fault, rate_limited
from tests.hub.fixture import hub  # noqa: F401
from tests.hub.server import HubServer

DATA = bytes(range(256)) * 40
SMALL = "/a/b/resolve/main/config.json"
LARGE = "/a/b/resolve/main/model.safetensors"


@pytest.fixture
def server(hub: HubServer) -> HubServer:  # noqa: F811
    hub.add_model("a/b", {"config.json": "{}", "model.safetensors": DATA}, card={"license": "mit"})
    return hub


@pytest.fixture
def http(server: HubServer) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, follow_redirects=True, trust_env=False) as client:
        yield client


def received(http: httpx2.Client, path: str, **headers: str) -> tuple[bytes, bool]:
    """The bytes that came, and whether the answer was complete."""
    got = bytearray()
    try:
        with http.stream("GET", path, headers=headers) as response:
            for piece in response.iter_raw():
                got += piece
    except httpx2.TransportError:
        return bytes(got), False
    return bytes(got), True


def test_ranges_are_served_and_impossible_ones_refused(http: httpx2.Client) -> None:
    whole = http.get(LARGE)
    assert (whole.status_code, whole.content) == (200, DATA)
    part = http.get(LARGE, headers={"Range": "bytes=100-"})
    assert (part.status_code, part.content) == (206, DATA[100:])
    assert part.headers["Content-Range"] == f"bytes 100-{len(DATA) - 1}/{len(DATA)}"
    assert http.get(LARGE, headers={"Range": "bytes=5-9"}).content == DATA[5:10]
    assert http.get(LARGE, headers={"Range": "bytes=-7"}).content == DATA[-7:]
    beyond = http.get(LARGE, headers={"Range": f"bytes={len(DATA)}-"})
    assert beyond.status_code == 416
    assert beyond.headers["Content-Range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize("place", ["port", "name", "same"])
def test_a_large_file_lies_elsewhere(server: HubServer, http: httpx2.Client, place: Any) -> None:
    server.cdn = place
    headers = {"Authorization": "Bearer hf_ann"}
    server.add_user("ann", "hf_ann")
    told = http.head(LARGE, headers=headers, follow_redirects=False)
    file = server.repositories["model", "a/b"].head.files["model.safetensors"]
    assert told.status_code == 302
    assert told.headers["X-Linked-Etag"] == f'"{file.sha256}"'
    assert told.headers["X-Linked-Size"] == str(len(DATA))
    assert told.headers["X-Repo-Commit"] == server.repositories["model", "a/b"].head.id
    assert "X-Xet-Hash" not in told.headers
    assert http.get(LARGE, headers=headers).content == DATA
    last = server.requests[-1][2]
    assert ("authorization" in last) == (place == "same")
    assert last["host"].startswith("localhost" if place == "name" else "127.0.0.1")
    small = http.head(SMALL, follow_redirects=False)
    assert small.headers["Location"].startswith("/api/resolve-cache/")


def test_a_cut_ends_after_that_many_bytes(server: HubServer, http: httpx2.Client) -> None:
    fault = server.inject(Fault("cut", "*/model.safetensors", after=1234))
    assert received(http, LARGE) == (DATA[:1234], False)
    assert fault.used == 1
    assert received(http, LARGE, Range="bytes=1234-") == (DATA[1234:], True)
    server.inject(Fault("cut", "/api/models/a/b", after=10))
    assert received(http, "/api/models/a/b")[1] is False


def test_bodies_that_are_not_what_was_announced(server: HubServer, http: httpx2.Client) -> None:
    server.inject(Fault("truncate", "*/model.safetensors", after=50))
    assert received(http, LARGE) == (DATA[:50], True)
    server.inject(Fault("corrupt", "*/model.safetensors", after=50))
    changed = bytearray(DATA)
    changed[50] ^= 0xFF
    assert received(http, LARGE) == (bytes(changed), True)
    server.inject(Fault("no_range", "*/model.safetensors"))
    assert received(http, LARGE, Range="bytes=5-") == (DATA, True)
    server.inject(Fault("html", "*/config.json"))
    assert "text/html" in http.get(SMALL).headers["Content-Type"]
    assert http.get(SMALL).json() == {}


def test_connections_that_break(server: HubServer, http: httpx2.Client) -> None:
    server.inject(Fault("drop", "/api/*"))
    with pytest.raises(httpx2.TransportError):
        http.get("/api/models/a/b")
    server.inject(Fault("reset", "*/model.safetensors", after=1234))
    got, complete = received(http, LARGE)
    assert not complete
    assert DATA[:1234].startswith(got)
    assert http.get(LARGE).content == DATA


def test_everything_may_go_by_a_proxy(server: HubServer) -> None:
    with httpx2.Client(proxy=server.proxy_url, follow_redirects=True) as http:
        assert http.get(f"{server.url}{LARGE}").content == DATA
        assert [address.split("/")[2] for address in server.proxied] == [
            server.url.removeprefix("http://"),
            server.cdn_url.removeprefix("http://"),
        ]
        server.proxy_status = 407
        assert http.get(f"{server.url}{SMALL}").status_code == 407


def test_a_drip_is_whole_in_the_end(server: HubServer, http: httpx2.Client) -> None:
    server.inject(Fault("drip", "*/model.safetensors", rate=len(DATA) * 5))
    assert received(http, LARGE) == (DATA, True)


def test_hangs_end_when_the_client_or_the_server_leaves(
    server: HubServer, http: httpx2.Client
) -> None:
    server.inject(Fault("hang", "/api/*"))
    with pytest.raises(httpx2.ReadTimeout):
        http.get("/api/models/a/b", timeout=0.05)
    server.inject(Fault("hang", "*/model.safetensors", after=99))
    with http.stream("GET", LARGE) as response:
        assert len(next(response.iter_raw())) == 99
        server.close()


def test_metadata_that_lies(server: HubServer, http: httpx2.Client) -> None:
    server.inject(Fault("no_etag", "*/model.safetensors"))
    told = http.head(LARGE, follow_redirects=False).headers
    assert "ETag" not in told
    assert "X-Linked-Etag" not in told
    server.inject(Fault("wrong_etag", "*/model.safetensors"))
    told = http.head(LARGE, follow_redirects=False).headers
    assert told["X-Linked-Etag"] == f'"{"0" * 64}"'
    server.inject(Fault("wrong_size", "*/model.safetensors", size=7))
    assert http.head(LARGE, follow_redirects=False).headers["X-Linked-Size"] == "7"
    server.lie("a/b", "model.safetensors", size=11, sha256="f" * 64)
    (entry,) = (
        each
        for each in http.get("/api/models/a/b/tree/main").json()
        if each["path"] == "model.safetensors"
    )
    assert (entry["size"], entry["lfs"]["oid"]) == (11, "f" * 64)
    assert http.get(LARGE).content == DATA


def test_statuses_and_how_long_to_wait(server: HubServer, http: httpx2.Client) -> None:
    server.inject(Fault("status", "/api/*", times=2, status=503, message="\x1b[31mno"))
    answers = [http.get("/api/models/a/b") for _ in range(3)]
    assert [each.status_code for each in answers] == [503, 503, 200]
    assert answers[0].json() == {"error": "\x1b[31mno"}
    server.inject(rate_limited(9, "/api/*"))
    answer = http.get("/api/models/a/b")
    from huggingface_hub.utils import parse_ratelimit_headers

    info = parse_ratelimit_headers(answer.headers)
    assert info is not None
    assert (answer.status_code, info.remaining, info.reset_in_seconds) == (429, 0, 9)
    assert answer.headers["Retry-After"] == "9"
    server.inject(Fault("redirect_loop", "/api/*", times=-1))
    with pytest.raises(httpx2.TooManyRedirects):
        http.get("/api/models/a/b")


def test_gigantic_answers_are_made_as_they_are_read(server: HubServer, http: httpx2.Client) -> None:
    server.inject(Fault("gigantic", "/api/models/a/b", times=2, size=1 << 30))
    with http.stream("GET", "/api/models/a/b") as response:
        assert next(response.iter_raw()).startswith(b'{"id"')
    server.faults.clear()
    server.inject(Fault("gigantic", "/api/models/a/b", size=3 << 20))
    assert len(json.loads(http.get("/api/models/a/b").content)["cardData"]["padding"]) == 3 << 20


def test_names_are_told_as_they_are(server: HubServer, http: httpx2.Client) -> None:
    names = [
        "../../up.txt",
        "/etc/passwd",
        "a\x1b[2Jb.txt",
        "C:\\x.txt",
        "NUL",
        "a/../../b",
        "x\ny",
    ]
    server.add_model("mean/names", dict.fromkeys(names, "x"))
    tree = http.get("/api/models/mean/names/tree/main?recursive=true").json()
    assert {each["path"] for each in tree if each["type"] == "file"} == set(names)
    told = http.get("/api/models/mean/names").json()["siblings"]
    assert [each["rfilename"] for each in told] == names


def test_xet_is_announced_only_when_asked_for(server: HubServer, http: httpx2.Client) -> None:
    token = "/api/models/a/b/xet-read-token/main"
    assert http.get(token).status_code == 404
    server.xet = "error"
    told = http.head(LARGE, follow_redirects=False)
    assert len(told.headers["X-Xet-Hash"]) == 64
    assert told.links["xet-auth"]["url"].startswith(f"{server.url}/api/models/a/b/xet-read-token/")
    answer = http.get(token)
    assert answer.headers["X-Xet-Cas-Url"] == f"{server.url}/xet"
    assert http.get("/xet/v1/reconstructions/x").status_code == 500
    server.xet = "refused"
    assert http.get(token).status_code == 403


def test_many_repositories_are_cheap(server: HubServer, http: httpx2.Client) -> None:
    server.add_many(10_000)
    first = http.get("/api/models", params={"limit": 50, "search": "many"})
    assert len(first.json()) == 50
    second = http.get(first.links["next"]["url"])
    ids = [each["id"] for each in first.json() + second.json()]
    assert len(set(ids)) == 100
