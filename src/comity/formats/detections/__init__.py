"""Matches as files: lines of JSON, a table in CSV or Parquet, and sightings in a STIX bundle.

In: matches that were judged, and how much of the values that hit may be told. Out: bytes, written as they
come, so that a file of any length needs little memory.
"""
