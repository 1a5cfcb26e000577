"""Messages and their encodings, without I/O."""
