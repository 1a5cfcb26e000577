"""What several people at desks need: who writes a draft now, search, and many retractions at once."""
