"""Validation of STIX 2.1 objects by the specification: a decoded JSON value goes in, findings come out.

The types with their properties are data (`domain`, `observables`, `meta`); what a property may hold are the
kinds in `kinds` and `structures`; what properties demand of one another is in `constraints`. The one entry
is `validate.findings`. It knows no pattern language: whoever has one passes a function.
"""
