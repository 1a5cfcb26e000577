"""The bench: what a delivery, an idle reader and a returning reader cost, beside the limit and other servers."""
