"""Wire formats and conversations: bytes come in, typed values go out, and the other way round.

Decoders are strict and total: a value or `Malformed`. Knows `base`, and neither an engine nor a socket.
"""
