"""TAXII 2.1 for content: an API root for each body; its collections show what release lets go to a caller."""
