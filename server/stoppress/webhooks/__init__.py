"""Webhooks: tell other systems of changes. A webhook is a reader with a cursor in the store, and no queue."""
