"""The debugger of backprop: one application of the chain rule at a time."""
