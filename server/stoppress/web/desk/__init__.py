"""The desk, where editors work: its pages. Everything that they do goes through the editors' API."""
