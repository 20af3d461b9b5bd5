"""Link: conversations driven over HTTP, with every bound that a stranger's server needs.

In: the conversations of `formats`, which know no sockets. Out: their results. What is asked and who asks is
the business of whoever drives: a node signs its requests, a sensor shows a token. It knows no Django.
"""
