"""The life of a process. `serve.py` starts it, `life.py` serves, and `workers.py` starts several others."""
