"""How graphs are written: names of nodes, symbols, equations, MathML, and lines that fit a terminal."""
