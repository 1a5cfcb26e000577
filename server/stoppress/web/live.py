"""The WebSocket surface: who may listen, and the hand-over to the fan-out (contract, section 3)."""

from __future__ import annotations

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from stoppress.errors import BlogNotFound, MalformedCursor, StoreUnavailable
from stoppress.follower import Follower
from stoppress.live.reader import Reader
from stoppress.model import Cursor
from stoppress.web.upgrade import hand_over
from stoppress.wire.encodings import SUBPROTOCOLS, WS_JSON
from stoppress.wire.messages import Retry

BUSY = Retry(min=1_000, max=10_000)
"""For readers who come while the store cannot be asked."""


class Live:
    """The handler of the WebSocket address.

    Args:
        follower: knows the blogs.
    """

    def __init__(self, follower: Follower) -> None:
        self._follower = follower

    def routes(self) -> list[WebSocketRoute]:
        return [WebSocketRoute("/blogs/{blog}/live", self.connect)]

    async def connect(self, websocket: WebSocket) -> None:
        """Accept a reader and hand it over, or say by a close code why not (browsers show no status)."""
        offered = websocket.scope["subprotocols"]
        name = next((name for name in offered if name in SUBPROTOCOLS), None)
        encoding = SUBPROTOCOLS[name] if name else WS_JSON
        try:
            since = websocket.query_params.get("since")
            cursor = None if since is None else Cursor.parse(since)
            hub = await self._follower.hub(websocket.path_params["blog"], cursor)
        except MalformedCursor as error:
            await _refuse(websocket, name, 4400, str(error))
        except BlogNotFound as error:
            await _refuse(websocket, name, 4404, str(error))
        except StoreUnavailable as error:
            await websocket.accept(name)
            retry = encoding.serialise(BUSY)
            if encoding is WS_JSON:
                await websocket.send_text(retry.decode())
            else:
                await websocket.send_bytes(retry)
            await websocket.close(1013, _short(str(error)))
        else:
            await websocket.accept(name)
            hand_over(websocket, Reader(hub, encoding, cursor))


async def _refuse(websocket: WebSocket, subprotocol: str | None, code: int, reason: str) -> None:
    await websocket.accept(subprotocol)
    await websocket.close(code, _short(reason))


def _short(reason: str) -> str:
    return reason.encode()[:123].decode(errors="ignore")  # what fits into a close frame
