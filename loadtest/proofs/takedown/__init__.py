"""How long a retracted entry stays on any surface of any node, with each store, under load (P5)."""
