"""Admission of readers, requests that are held open, and the drain of a stopping node."""
