"""`stoppress swarm`: simulate many readers in one process, and check each against the protocol.

A reader (`reader.py`) holds a connection and keeps only its cursor. Readers that get the same bytes share everything
else. The ledger (`ledger.py`) checks that each message leads from one cursor to the next without a gap.
"""
