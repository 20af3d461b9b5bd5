"""The words that every part of Comity shares: verdicts, errors, TLP, values with a history, countries.

Knows nothing but the standard library and the tables beside it.
"""
