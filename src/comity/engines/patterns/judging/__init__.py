"""Judging: which indicators are looked for, and which of the matches they bring count as hits.

In: indicators by source, lists of what is known to be good, the operator's own words, and what matched. Out:
a `Verdict` for each, with its grounds: looked for or refused, a hit or set aside.
"""
