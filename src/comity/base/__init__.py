"""The words that every part of Comity shares: verdicts, errors, TLP, values with a history, countries.

Beside them stands how JSON and times are read, which every format and engine does alike. Knows nothing but
the standard library and the tables beside it.
"""
