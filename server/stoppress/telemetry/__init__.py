"""Metrics, log and traces of a node."""
