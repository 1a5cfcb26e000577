"""Images of blogs: re-encoded in a process of their own, kept in a storage, and deleted when nothing names them."""
