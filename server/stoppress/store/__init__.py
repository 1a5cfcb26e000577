"""The stores of blogs. `port` is the contract; the other modules implement it."""
