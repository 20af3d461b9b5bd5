"""How objects are joined: what is related to one, the graph around it, and where each stands in a picture."""
