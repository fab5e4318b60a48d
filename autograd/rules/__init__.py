"""What is differentiated: the table of operations, and the interpreters that evaluate its rows."""
