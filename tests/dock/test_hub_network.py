"""No network, servers that are no Hub, answers too large, full disks: a message each."""

from __future__ import annotations

import errno
import logging
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from lwtui.dock import hub as access
from lwtui.dock.hub_errors import HubError, hub_errors, server_text
from lwtui.errors import BadInput
from tests.hub.faults import Fault
from tests.hub.server import HubServer

from .asking import TOKEN, info, models, new_connections, readme, told

__all__ = ["new_connections"]

pytestmark = pytest.mark.usefixtures("new_connections")


def test_offline_by_variable_sends_nothing(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for ask in (models, readme, lambda: info("a/b")):
        error = told(ask)
        assert isinstance(error, HubError)
        assert error.kind == "offline"
        assert "HF_HUB_OFFLINE" in str(error)
    assert not hub.requests


def test_lost_network_names_the_endpoint(hub: HubServer) -> None:
    hub.close()
    error = told(models)
    assert isinstance(error, HubError)
    assert error.kind == "network"
    assert "HF_ENDPOINT" in str(error)


def test_what_is_not_in_the_cache(hub: HubServer, tmp_path: Path) -> None:
    def fetch() -> None:
        with hub_errors("a/b", "Pulling a/b"):
            access.api().hf_hub_download(
                "a/b", "config.json", cache_dir=tmp_path, local_files_only=True
            )

    error = told(fetch)
    assert isinstance(error, HubError)
    assert error.kind == "network"
    assert error.message.startswith("Pulling a/b failed")


def test_proxy_is_named_without_its_password(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    monkeypatch.setenv("HTTP_PROXY", "http://me:secret@127.0.0.1:9")
    error = told(models)
    assert "127.0.0.1:9 (HTTP_PROXY)" in str(error)
    assert "secret" not in str(error)


def test_proxy_that_refuses(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    ) as at:
        monkeypatch.setenv("HF_ENDPOINT", "https://hub.invalid")
        monkeypatch.setenv("HTTPS_PROXY", at)
        assert "HTTPS_PROXY" in str(told(models))


def test_endpoint_that_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("huggingface.co", "ftp://x", "http://", "http://me:pw@host", "http://h:port"):
        monkeypatch.setenv("HF_ENDPOINT", wrong)
        error = told(models, BadInput)
        assert "HF_ENDPOINT" in error.message
        assert "pw" not in str(error)


def test_certificate_that_nobody_signed(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    make += ["-nodes", "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run(make, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl, which makes the certificate, is not installed")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with answering(b"HTTP/1.1 200 OK\r\n\r\n", context) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        error = told(models)
    assert "certificate" in error.message
    assert "SSL_CERT_FILE" in str(error)


def test_no_tls_where_it_was_asked_for(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(b"HTTP/1.1 400 Bad\r\n\r\n") as plain:
        monkeypatch.setenv("HF_ENDPOINT", plain.replace("http:", "https:"))
        assert "secure" in told(models).message


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\nConte"])
def test_server_that_speaks_something_else(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    with answering(answer) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        assert "not reached" in told(models).message


@pytest.mark.parametrize(
    "fault",
    [Fault("html", times=-1), Fault("redirect_loop", times=-1)],
    ids=lambda fault: fault.kind,
)
def test_server_that_is_no_hub(hub: HubServer, fault: Fault) -> None:
    hub.inject(fault)
    error = told(models)
    assert isinstance(error, HubError)
    assert error.kind == "not a hub"
    assert "sign-in page" in str(error)


def test_answers_that_make_no_sense_to_the_library(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = b"HTTP/1.1 500 Oh\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[1]"
    with answering(body) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        assert "makes no sense" in told(lambda: info("a/b")).message
        assert "trouble (500)" in told(models).message
    packed = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"
    with answering(packed) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        assert "unpacked" in told(models).message


def test_missing_headers_of_a_file(hub: HubServer, tmp_path: Path) -> None:
    hub.add_model("someone/model", {"config.json": "{}"})
    hub.inject(Fault("no_etag", times=-1))

    def fetch() -> None:
        with hub_errors("someone/model", "Pulling"):
            access.api().hf_hub_download("someone/model", "config.json", cache_dir=tmp_path)

    error = told(fetch)
    assert isinstance(error, HubError)
    assert error.kind in ("not a hub", "network")


def test_broken_off_answer_is_asked_for_again_only_before_it_begins(hub: HubServer) -> None:
    hub.add_many(30)
    hub.inject(Fault("cut", after=100, times=-1))
    error = told(models)
    assert "broken off" in error.message
    assert len(hub.requests) == 1


def test_gigantic_answer_is_refused_after_its_limit(hub: HubServer) -> None:
    import tracemalloc

    hub.inject(Fault("gigantic", size=1 << 30))
    tracemalloc.start()
    error = told(models)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "more than" in error.message
    assert most < 64 * 2**20


def test_larger_file_than_wanted_is_refused(hub: HubServer) -> None:
    hub.add_model("someone/model", {"README.md": b"x" * 5_000})
    error = told(lambda: access.read_small("someone/model", "README.md", limit=4_999))
    assert "README.md" in error.message
    assert access.read_small("someone/model", "README.md", limit=5_000) == b"x" * 5_000


def test_gigantic_error_text_is_cut(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b'{"error": "' + b"x" * 500_000 + b'"}'
    head = b"HTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n" % len(text)
    with answering(head + text) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        assert len(str(told(models))) < 1_000


def test_a_servers_words_hold_no_token_escape_code_or_markup_of_lines(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.add_user("friend", TOKEN)
    hostile = f"no {TOKEN} \u202e Authorization: Bearer abc.def \x9b31m hf_abcdefgh [b]x"
    hub.inject(
        Fault(
            "status",
            status=400,
            message="plain",
            headers={"X-Error-Message": "safe", "X-HF-Warning": "topic; look here"},
        )
    )
    with caplog.at_level(logging.WARNING):
        told(models)
    assert "look here" not in caplog.text
    words = server_text(hostile)
    assert TOKEN not in words
    assert "abc.def" not in words
    assert "abcdefgh" not in words
    assert "\u202e" not in words
    assert "\x9b" not in words


def test_no_request_goes_to_another_server(hub: HubServer) -> None:
    told(lambda: access.read_json("http://127.0.0.1:9/api/models"), BadInput)
    told(lambda: access.read_json(f"{hub.url}.example.org/api/models"), BadInput)
    assert not hub.requests


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "disk is full"),
        (errno.EACCES, "written"),
        (errno.EROFS, "written"),
        (errno.EIO, "failed"),
        (errno.ECONNRESET, "not reached"),
    ],
)
def test_disk(number: int, word: str) -> None:
    def work() -> None:
        with hub_errors(doing="Pulling"):
            raise OSError(number, os.strerror(number), "/somewhere/\x1b[2Jx")

    error = told(work)
    assert word in error.message
    assert "\x1b" not in str(error)


def test_a_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    locked = tmp_path / "file"
    locked.write_text("")

    def work() -> None:
        with hub_errors(doing="Pulling"):
            (locked / "below").write_text("")

    assert told(work).file


def test_bugs_stay_bugs() -> None:
    with pytest.raises(ZeroDivisionError), hub_errors():
        _ = 1 // 0
    with pytest.raises(KeyError), hub_errors():
        {}["x"]
    with pytest.raises(BadInput, match="mine"), hub_errors(), hub_errors():
        raise BadInput("mine")


@contextmanager
def answering(answer: bytes, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server that answers whatever is asked with these bytes, over TLS with a ``context``."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with suppress(OSError), connection:
                if context is not None:
                    connection = context.wrap_socket(connection, server_side=True)
                with connection:
                    connection.recv(65_536)
                    connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http{'s' if context else ''}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
