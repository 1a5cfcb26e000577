"""HTML as editors paste it, made into HTML as they would have typed it."""
