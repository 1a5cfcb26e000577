"""Messages and their bytes. No I/O."""
