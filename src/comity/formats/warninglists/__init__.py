"""Known-good lists in the format of MISP's warninglists: bytes to values, and those that are shipped.

Which values a list speaks of follows from the types of MISP's attributes that it names.
"""
