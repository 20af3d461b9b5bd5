"""The transparency log of this node: salted commitments in, checkpoints, tiles and proofs out.

Knows no act by content; what is committed is bytes.
"""
