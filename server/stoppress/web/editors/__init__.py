"""The editors' API, its keys and its description."""
