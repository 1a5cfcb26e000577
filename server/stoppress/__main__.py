"""`python -m stoppress`: the same as the `stoppress` command."""

from stoppress.cli import main

main()
