"""The `comity` command: files in, verdicts out, for people at a terminal or as lines of JSON.

It judges acts, receipts, proofs, copied logs and bundles without a node, a database or a network.
"""
