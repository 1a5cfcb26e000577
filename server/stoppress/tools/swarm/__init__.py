"""What `stoppress swarm` does: many readers in one process, each checked against the contract.

`reader` holds one connection and knows one thing: its cursor. All else is shared by those who get the same bytes.
`ledger` says whether what was sent leads from one cursor to the next without a hole.
"""
