"""What can be seen of a node from outside: what it counts, its log, its traces."""
