"""People and their sessions over HTTP, and requests by session cookie."""
