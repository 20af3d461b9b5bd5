"""States, organisations and bodies; people and their roles; who acts.

A request comes in, an `Actor` with its powers comes out. Knows nothing of acts.
"""
