"""One process's life: build a node, serve, drain, stop."""
