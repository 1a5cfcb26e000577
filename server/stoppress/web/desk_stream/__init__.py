"""The stream that keeps an open desk up to date, and the requests by which desks say that they are there."""
