"""The bench: the cost of a delivery, an idle reader and a returning reader, compared with other servers."""
