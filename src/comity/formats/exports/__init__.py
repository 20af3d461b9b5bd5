"""Values in the forms that firewalls, resolvers and sensors read: rows in, the bytes of a file out.

Each form writes one row to one line of one of its parts, and makes the file once all lines are known: the
head tells how many there are. It knows no pattern, no release and no database; who calls it chose the rows.
"""
