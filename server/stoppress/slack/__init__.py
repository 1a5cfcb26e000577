"""Slack: messages of a channel become drafts that wait for an editor."""
