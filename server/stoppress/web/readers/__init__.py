"""What readers fetch over plain HTTP: events, changes, older entries, one entry."""
