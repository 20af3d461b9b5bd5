"""Lists, tables and JSON that the world publishes, by a declarative mapping to STIX 2.1.

In come bytes and a mapping; out come entries, each of which can become an object, and what could not be
mapped. It knows no Django and no network.
"""
