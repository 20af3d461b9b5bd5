"""Scanning: which of many LIKE and MATCHES a column of texts fits, in one pass over its values.

In: expressions and texts. Out: which text may fit which expression, for the exact comparison to confirm.
"""
