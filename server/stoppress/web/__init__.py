"""The HTTP and WebSocket surfaces. Starlette lives here and only here."""
