"""`stoppress export`: write a blog as a directory of files, for any static host or to open from a disk."""
