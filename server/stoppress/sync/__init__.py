"""Keeps the replicas of this node in step with the store."""
