"""The demonstration: replays one day of a real live blog."""
