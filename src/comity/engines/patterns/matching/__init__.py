"""Matching: whether what was observed fits a pattern, by the standard's exact meaning (STIX 2.1, section 9).

In: the tree of a pattern, and observations. Out: the observations that fit together, and the values that hit.
"""
