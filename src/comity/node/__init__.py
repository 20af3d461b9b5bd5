"""The node: the Django side of Comity, one app per system, all with the same file names.

Requests, files and clock ticks come in; acts that were judged, recorded and delivered go out.
"""
