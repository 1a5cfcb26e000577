"""A small service with the API of S3, as far as a storage uses it. It checks no signatures."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from types import TracebackType
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape, unescape

import uvicorn

from loadtest.ports import free_port

_XML = [(b"content-type", b"application/xml")]


class ObjectServer:
    """The service, at a port of its own, in this process."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        """Content and time by bucket and key."""
        self.port = free_port()
        config = uvicorn.Config(
            self._app, port=self.port, log_level="error", lifespan="off", ws="none", interface="asgi3"
        )
        self._server = uvicorn.Server(config)
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined, unused-ignore]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead to it."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "here",
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }

    async def __aenter__(self) -> ObjectServer:
        self._task = asyncio.create_task(self._server.serve())
        async with asyncio.timeout(30):
            while not self._server.started:
                await asyncio.sleep(0.01)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        await self._task

    async def _app(self, scope: dict, receive: object, send: object) -> None:  # type: ignore[type-arg]
        path = unquote(scope["path"]).strip("/")
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode(), True).items()}
        body, more = b"", True
        while more:
            message = await receive()  # type: ignore[operator]
            body, more = body + message.get("body", b""), message.get("more_body", False)
        status, headers, content = self._answer(scope["method"], path, query, body)
        headers = [*headers, (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})  # type: ignore[operator]
        content = b"" if scope["method"] == "HEAD" else content
        await send({"type": "http.response.body", "body": content})  # type: ignore[operator]

    def _answer(
        self, method: str, path: str, query: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        if "/" not in path and method == "GET":
            return 200, _XML, self._listed(path, query.get("prefix", ""), query.get("delimiter", ""))
        if "delete" in query:
            keys = re.findall("<Key>(.*?)</Key>", body.decode())
            for key in keys:
                self.objects.pop(f"{path}/{unescape(key)}", None)
            done = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
            return 200, _XML, f"<DeleteResult>{done}</DeleteResult>".encode()
        if method == "PUT":
            self.objects[path] = body, datetime.now(UTC)
            return 200, [(b"etag", _etag(body))], b""
        if method == "DELETE":
            self.objects.pop(path, None)
            return 204, [], b""
        if path not in self.objects:
            return 404, _XML, b"<Error><Code>NoSuchKey</Code></Error>"
        content, at = self.objects[path]
        modified = format_datetime(at, usegmt=True).encode()
        return 200, [(b"etag", _etag(content)), (b"last-modified", modified)], content

    def _listed(self, bucket: str, prefix: str, delimiter: str) -> bytes:
        found, folders = [], set()
        for path, (content, at) in sorted(self.objects.items()):
            key = path.removeprefix(f"{bucket}/")
            rest = key.removeprefix(prefix)
            if not key.startswith(prefix):
                continue
            if delimiter and delimiter in rest:
                folders.add(prefix + rest.partition(delimiter)[0] + delimiter)
                continue
            found.append(
                f"<Contents><Key>{escape(key)}</Key><LastModified>{at:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
                f"<Size>{len(content)}</Size></Contents>"
            )
        common = [f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>" for one in sorted(folders)]
        return f"<ListBucketResult>{''.join([*found, *common])}</ListBucketResult>".encode()


def _etag(content: bytes) -> bytes:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'.encode()
