"""The editors' use cases, between the HTTP API and the store."""
