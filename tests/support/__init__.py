"""Helpers and fixtures that tests of several floors share."""
