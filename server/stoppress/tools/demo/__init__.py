"""The demonstration: a real live blog's day, told anew as a timeline."""
