"""Notifications to a service manager, as in sd_notify(3): datagrams to the socket in NOTIFY_SOCKET."""

from __future__ import annotations

import logging
import os
import socket

SEND_SECONDS = 1.0
"""Deadline for a notification. The node serves no requests until it is sent."""

log = logging.getLogger("stoppress.notify")


def notify(state: str) -> None:
    """Send a state to the service manager, if there is one."""
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
