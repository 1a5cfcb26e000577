"""Images over HTTP: how editors upload them, and how readers get their files."""
