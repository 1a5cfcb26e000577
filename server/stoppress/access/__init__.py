"""Who may do what: identities, their roles, and the table of actions."""
