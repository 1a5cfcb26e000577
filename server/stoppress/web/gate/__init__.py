"""The gate in front of every blog: who may read it, and for how long."""
