"""MISP events to STIX 2.1 and back, and the files of a MISP feed.

In come bytes; out come STIX objects, a MISP event, or a manifest, each with a list of what could not be
mapped. It knows no Django and no network.
"""
