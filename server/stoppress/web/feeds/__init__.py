"""Atom and JSON Feed."""
