"""Markdown tables that are aligned in plain text, for the documentation."""

from __future__ import annotations

from collections.abc import Sequence


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table with its title; the first column is left-aligned, the others right-aligned."""
    widths = [max(len(row[index]) for row in (columns, *rows)) for index in range(len(columns))]
    print(f"\n{title}\n")
    _line(columns, widths)
    print("|" + "|".join("-" * (width + 1) + ("-" if not index else ":") for index, width in enumerate(widths)) + "|")
    for row in rows:
        _line(row, widths)


def _line(cells: Sequence[str], widths: Sequence[int]) -> None:
    aligned = (
        cell.rjust(width) if index else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    print("| " + " | ".join(aligned) + " |", flush=True)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def yes(value: bool) -> str:
    return "yes" if value else "NO"
