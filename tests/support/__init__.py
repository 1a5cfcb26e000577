"""What tests of several floors share, beside fixtures."""
