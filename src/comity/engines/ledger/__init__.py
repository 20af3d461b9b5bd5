"""The transparency log as a library: leaves, notes and tiles in, trees, proofs and verdicts out.

Knows no node, no act and no network: whoever calls it stores the tiles and carries the bytes.
`docs/wire/log.md` states the formats for other implementers.
"""
