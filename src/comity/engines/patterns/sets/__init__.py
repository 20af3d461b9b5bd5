"""Sets of patterns, compiled: any number of them met by logs and observations at once.

In: patterns with the names of their indicators; tables of telemetry with their layout, or `observed-data`.
Out: which indicator was seen in which rows, at what time, and the values that show it.
"""
