"""Pages of blogs as HTML, and the files that they load."""
