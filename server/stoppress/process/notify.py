"""What a service manager is told, as sd_notify(3) has it: a datagram to the socket in NOTIFY_SOCKET."""

from __future__ import annotations

import logging
import os
import socket

SEND_SECONDS = 1.0
"""How long the service manager may keep a message from being sent: nobody is served meanwhile."""

log = logging.getLogger("stoppress.notify")


def notify(state: str) -> None:
    """Tell the service manager a state, if there is one."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.settimeout(SEND_SECONDS)
            manager.sendto(state.encode(), address)
    except OSError as error:
        log.warning("notify_failed", extra={"socket": path, "state": state, "reason": str(error)})
