"""`stoppress doctor`: check a deployment from inside and from outside, and say what to change."""
