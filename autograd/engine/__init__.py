"""Values and the chain rule: graphs are recorded, and their gradients calculated."""
