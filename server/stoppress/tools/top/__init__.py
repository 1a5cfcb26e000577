"""`stoppress top`: show the state of a node in a terminal, from its metrics."""
