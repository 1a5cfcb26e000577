"""The servers of a run and what is between them: nodes, Redis, machines and network links."""
