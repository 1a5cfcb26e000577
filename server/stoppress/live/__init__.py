"""The live state of blogs in memory and its fan-out. No network, no store."""
