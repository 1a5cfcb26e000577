"""`stoppress doctor`: looks at a deployment from inside and from outside, and says what to change."""
