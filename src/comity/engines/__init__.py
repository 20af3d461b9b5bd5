"""One pure package per kind of judgement; an engine imports `base` and itself, and nothing else of ours.

Facts go in, a `Verdict` or a value that carries its own proof comes out. No clock, no database, no network.
"""
