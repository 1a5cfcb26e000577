"""The ways in and out: webhooks, messages of Slack, and the description of imports."""
