"""Warm processes for tests: the process that is forked has imported pytest as well."""

from loadtest.warm import WarmProcess, also_preload, command

__all__ = ["WarmProcess", "command"]

also_preload("pytest")
