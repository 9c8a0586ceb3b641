"""The loopback Hub: a real HTTP server in a thread, filled from tests."""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from aiohttp import web

from tests.hub import foreign, routes
from tests.hub.answers import Refused, gated, repo_missing
from tests.hub.cards import card_text
from tests.hub.faults import Fault, Faults, send, stand_in
from tests.hub.repositories import Commit, Content, Repository, StoredFile, User, store

_ASKED = web.RequestKey("asked", str)


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    """A request whose body may be as large as it wants. What is asked of a proxy, by its whole
    address, becomes what is asked of the server meant: all of them are this one."""
    loop = asyncio.get_running_loop()
    asked = message.path
    if "://" in asked:
        path = "/" + asked.split("://", 1)[1].partition("/")[2]
        message = message._replace(path=path, url=message.url.relative())
    made = web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=1 << 40)
    made[_ASKED] = asked
    return made


class HubServer:
    """Addresses on 127.0.0.1: `url` is the Hub, `cdn_url` the place of large files, `proxy_url` a
    proxy to both.

    `cdn` says where a large file's bytes are: "port" (another port: another origin, as the
    Hub's own), "name" (another host name as well), "same" (this address).
    """

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.renamed: dict[tuple[str, str], str] = {}
        self.users: dict[str, User] = {}
        """By token."""
        self.faults = Faults()
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        """Method, path with query, headers (names in lower case) of every request."""
        self.proxied: list[str] = []
        """What was asked by way of the proxy."""
        self.proxy_status = 0
        """What the proxy answers instead, such as 407 or 502; 0: it passes everything on."""
        self.cdn: Literal["port", "name", "same"] = "port"
        self.xet: Literal["", "refused", "error", "hang"] = ""
        """How its xet storage fails; empty: no word of xet."""
        self.foreign = False
        """Whether it answers as olah does, a mirror that knows but some of the Hub's addresses."""
        self.part_bytes = 0
        """Size of the parts of a multipart upload; 0: uploads are made in one piece."""
        self.objects: dict[str, bytes | Path] = {}
        """Large files that were uploaded, by SHA-256."""
        self.parts: dict[tuple[str, int], bytes] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="hub-")
        self.folder = Path(self._folder.name)
        self.page_size = 1000
        self.tree_page_size = 1000
        self._orders: dict[tuple[str, str], tuple[int, list[Repository]]] = {}
        self._changes = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hub", daemon=True)
        self._thread.start()
        self.url, self.cdn_url, self.proxy_url = self._call(self._start())

    def __enter__(self) -> HubServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering; connections still open are cut."""
        if self._thread.is_alive():
            self._call(self._stop())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._folder.cleanup()

    def _call(self, job: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(job, self._loop).result(timeout=30)

    async def _start(self) -> list[str]:
        self.closing = asyncio.Event()
        server = web.Server(self._handle, request_factory=_request, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=1)
        await self._runner.setup()
        for _ in range(3):
            await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return [f"http://127.0.0.1:{address[1]}" for address in self._runner.addresses]

    async def _stop(self) -> None:
        self.closing.set()
        await self._runner.cleanup()

    # What is on it

    def add_model(
        self,
        repo_id: str,
        files: Mapping[str, Content] | None = None,
        *,
        card: dict[str, Any] | str | None = None,
        gated: bool | str = False,
        private: bool = False,
        downloads: int = 0,
        likes: int = 0,
        updated: str = "",
        tags: Iterable[str] = (),
        repo_type: str = "model",
        **info: Any,
    ) -> str:
        """Make a repository with one commit; its id. `card` becomes README.md (a dict: its front
        matter), `tags` are git tags' names, `info` replaces properties that the API tells."""
        made = Repository(repo_id, repo_type, gated, private, False, downloads, likes, facts=info)
        made.updated = updated
        text = card_text(card)
        every = {**({"README.md": text} if text is not None else {}), **(files or {})}
        commit = made.add(
            {path: store(path, every[path]) for path in every}, title="initial commit"
        )
        made.tags.update(dict.fromkeys(tags, commit.id))
        self.repositories[repo_type, repo_id] = made
        self._changes += 1
        return commit.id

    def add_dataset(
        self, repo_id: str, files: Mapping[str, Content] | None = None, **how: Any
    ) -> str:
        return self.add_model(repo_id, files, repo_type="dataset", **how)

    def add_commit(
        self,
        repo_id: str,
        files: Mapping[str, Content] | None = None,
        delete: Iterable[str] = (),
        repo_type: str = "model",
        title: str = "Upload files",
    ) -> str:
        stored = {path: store(path, content) for path, content in (files or {}).items()}
        self._changes += 1
        return self.repositories[repo_type, repo_id].add(stored, delete, title).id

    def add_many(self, count: int, owner: str = "many") -> None:
        """Cheap repositories without a card of their own: OWNER/model-00000 and so on."""
        files = {"config.json": store("config.json", '{"model_type": "llama"}')}
        tasks = ("text-generation", "text-classification", "question-answering")
        for number in range(count):
            name = f"{owner}/model-{number:05}"
            task = tasks[number % len(tasks)]
            made = Repository(name, downloads=number * 7919 % 100_003, likes=number * 31 % 997)
            made.facts = {
                "tags": ["transformers", "safetensors", "llama", task, "license:mit", "region:us"],
                "pipeline_tag": task,
                "library_name": "transformers",
                "safetensors": {"parameters": {"BF16": 10**6 * number}, "total": 10**6 * number},
                "cardData": {"license": "mit"},
                "trendingScore": number % 101,
            }
            made.updated = f"2026-{1 + number % 12:02}-{1 + number % 28:02}T00:00:00.000Z"
            made.commits.append(Commit(f"{number:040x}", "initial commit", made.updated, files))
            self.repositories["model", name] = made
        self._changes += 1

    def lie(self, repo_id: str, path: str, repo_type: str = "model", **told: Any) -> None:
        """Tell a false `size`, `sha256`, `oid` or `path` of a file of the newest commit. Its bytes
        stay what they are."""
        files = self.repositories[repo_type, repo_id].head.files
        files[path] = dataclasses.replace(files[path], **told)

    def committed(
        self,
        repository: Repository,
        files: Mapping[str, StoredFile],
        deleted: Iterable[str],
        title: str,
        message: str,
        author: str,
    ) -> Commit:
        """A commit that a client sent."""
        self._changes += 1
        return repository.add(files, deleted, title, message, author)

    def rename(self, old: str, new: str, repo_type: str = "model") -> None:
        """Requests for the old name are redirected from now on."""
        moved = self.repositories.pop((repo_type, old))
        moved.id = new
        self.repositories[repo_type, new] = moved
        self.renamed[repo_type, old] = new
        self._changes += 1

    def remove(self, repo_id: str, repo_type: str = "model") -> None:
        del self.repositories[repo_type, repo_id]
        self._changes += 1

    def add_user(
        self, name: str, token: str, can_read: Iterable[str] = (), organisations: Iterable[str] = ()
    ) -> User:
        """Gated repositories in `can_read` are open to it, and private ones that others own."""
        self.users[token] = User(name, token, set(can_read), tuple(organisations))
        return self.users[token]

    def files(self, repo_id: str, repo_type: str = "model") -> dict[str, bytes]:
        """The newest commit's."""
        head = self.repositories[repo_type, repo_id].head
        return {path: file.all() for path, file in head.files.items()}

    def inject(self, fault: Fault) -> Fault:
        return self.faults.inject(fault)

    # For the handlers

    def ordered(self, kind: str, name: str, key: Callable[[Repository], Any]) -> list[Repository]:
        """Every repository of a kind, the largest key first; sorted again after a change."""
        changes, found = self._orders.get((kind, name), (-1, []))
        if changes != self._changes:
            found = [each for (type_, _), each in self.repositories.items() if type_ == kind]
            found.sort(key=key, reverse=True)
            self._orders[kind, name] = (self._changes, found)
        return found

    def address(self, request: web.BaseRequest) -> str:
        """Of this server, as the client called it."""
        return f"http://{request.headers.get('Host', self.url[7:])}"

    def user_of(self, request: web.BaseRequest) -> User | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        user = self.users.get(header.removeprefix("Bearer "))
        if user is None:
            raise Refused(401, "Invalid credentials in Authorization header")
        return user

    def find(
        self, request: web.BaseRequest, kind: str, repo_id: str, files: bool = False
    ) -> Repository:
        """The repository, if this user may see it; its files, if it may read them."""
        user = self.user_of(request)
        found = self.repositories.get((kind, repo_id))
        sees = found is not None and user is not None and user.sees(found)
        if found is None or (found.private and not sees):
            raise repo_missing(user is not None)
        if found.disabled:
            raise Refused(403, "Access to this resource is disabled.")
        if files and found.gated and not sees:
            raise gated(found, user is not None)
        return found

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append((request.method, request.raw_path, headers))
        try:
            if "://" in request[_ASKED]:
                self.proxied.append(request[_ASKED])
                if self.proxy_status:
                    raise Refused(self.proxy_status, "The proxy does not let this through")
            fault = self.faults.before(request)
            if fault:
                return await stand_in(request, fault, self.closing)
            answer = foreign.dispatch if self.foreign else routes.dispatch
            response = await answer(self, request)
        except Refused as refused:
            response = refused.answer()
        except ConnectionError:  # the client left while it was served
            return web.Response(status=499)
        if not isinstance(response, web.Response):
            return response
        response.headers["X-Request-Id"] = f"Root=1-{len(self.requests):08x}"
        kind = "api" if request.path.startswith("/api/") else "resolvers"
        response.headers["RateLimit"] = f'"{kind}";r=499;t=300'
        response.headers["RateLimit-Policy"] = f'"fixed window";"{kind}";q=500;w=300'
        return await self._spoilt(request, response) if response.status == 200 else response

    async def _spoilt(self, request: web.BaseRequest, made: web.Response) -> web.StreamResponse:
        """A JSON answer as the faults have it."""
        faults = self.faults.body(request)
        if not faults:
            return made
        body = made.body if isinstance(made.body, bytes) else b""

        async def pieces() -> Any:
            yield body

        response = web.StreamResponse(headers=made.headers)
        return await send(request, response, pieces(), len(body), faults, self.closing)
