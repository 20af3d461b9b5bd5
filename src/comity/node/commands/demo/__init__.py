"""The demonstration: three real nodes as processes on this machine, and people who use their pages.

It knows the nodes from outside only: commands, pages, the API and the files that anybody may fetch.
"""
