"""Sample files for the demonstration, the documentation and the tests; their sources are in SOURCES.md."""
