"""The editors' API: its handlers, keys, rate limit and OpenAPI description."""
