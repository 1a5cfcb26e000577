"""The past that a store keeps: the audit, and the earlier versions of entries."""
