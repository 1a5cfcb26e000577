"""The shared store: one Redis for any number of nodes."""
