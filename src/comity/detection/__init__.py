"""Detection: indicators run over logs, wherever the logs are; what the command, sensors and nodes share.

In: logs, indicators, and what the operator says. Out: matches that were judged. It puts formats and engines
together; it knows no Django.
"""
