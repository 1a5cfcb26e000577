"""Nothing that is typed at the desk is lost, and nothing is posted twice, whatever is killed."""
