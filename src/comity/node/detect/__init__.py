"""Detection nationwide: the sensors that run shared indicators over logs at home, and what they met.

In: what sensors tell of themselves. Out: which of them work, how far they have read, and which are silent. It
must not know what is matched: that is the business of `engines.patterns`, in the sensors.
"""
