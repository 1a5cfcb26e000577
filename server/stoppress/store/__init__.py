"""Where blogs are kept. `port` is the contract, the others keep it."""
