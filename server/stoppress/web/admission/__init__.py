"""Who may connect, how requests are held open, and how a node sends its readers away."""
