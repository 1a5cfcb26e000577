"""One process's life. `serve.py` begins it, `life.py` is a process that serves, `workers.py` one that starts others."""
