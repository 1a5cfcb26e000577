"""What a store keeps of the past: the audit, and the earlier versions of entries."""
