"""Every connection from its first byte: HTTP/1.1, the WebSocket handshake, and readers' sockets."""
