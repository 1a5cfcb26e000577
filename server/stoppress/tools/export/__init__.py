"""A blog as a directory of files that any static host can serve, from any path, or nobody: it opens from a disk."""
