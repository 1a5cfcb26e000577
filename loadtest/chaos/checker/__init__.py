"""Decides from the log of a run alone which promises were kept."""
