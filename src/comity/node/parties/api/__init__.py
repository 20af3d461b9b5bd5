"""The HTTP API of parties, and in `words` what the operations of every system share."""
