"""`stoppress import`: read a blog from a file of this or another system, check all of it, and put it on a server."""
