"""`stoppress top`: what a node does now, in a terminal, read from its metrics."""
