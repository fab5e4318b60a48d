"""What is raised when a recorded branch does not hold for another example."""


class BranchChanged(RuntimeError):  # noqa: N818 (the name is the message)
    """An example would have taken another way at an ``if`` than the one that was traced."""
