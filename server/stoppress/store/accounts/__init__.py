"""Small records next to the blogs, such as API keys, people and sessions, and counters for limits."""
