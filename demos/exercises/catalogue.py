"""All exercises, in the order in which they are offered."""

from . import by_hand, find_the_bug, practice, predict_a_step, write_an_engine
from .exercise import Exercise

EXERCISES: tuple[Exercise, ...] = (
    *by_hand.EXERCISES[:1],
    *predict_a_step.EXERCISES,
    *write_an_engine.EXERCISES,
    *find_the_bug.EXERCISES,
    *by_hand.EXERCISES[1:],
    *practice.EXERCISES,
)


def by_id(name: str) -> Exercise | None:
    """The exercise of this id, or of a file of that name (``engine1.py``)."""
    wanted = name.lower().removesuffix(".py")
    return next((exercise for exercise in EXERCISES if exercise.id == wanted), None)
