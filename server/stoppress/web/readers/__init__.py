"""The surfaces of readers over plain HTTP: events, changes, older entries, one entry."""
