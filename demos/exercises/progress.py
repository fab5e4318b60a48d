"""What a learner has done: one small JSON file in the folder where this system keeps the data of programs."""

import json
import os
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from secrets import randbelow

from autograd import write_whole


class Unreadable(ValueError):
    """The file of progress is not what this program wrote."""


@dataclass
class Progress:
    """The learner's seed, the exercises that are right, the current one, and how many hints were shown of each."""

    seed: int
    current: str = ""
    done: list[str] = field(default_factory=list)
    hints: dict[str, int] = field(default_factory=dict)

    def save(self) -> None:
        """Write it whole."""
        path = progress_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, (json.dumps(asdict(self), indent=1) + "\n").encode())


def load(seed: int | None = None) -> Progress:
    """What is saved; else a new one, with `seed` or one drawn at random. Raises `Unreadable`."""
    path = progress_file()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Progress(randbelow(100_000) if seed is None else seed)
    except ValueError:
        found = None
    try:
        progress = Progress(int(found["seed"]), str(found["current"]), list(found["done"]), dict(found["hints"]))
    except (KeyError, TypeError, ValueError):
        raise Unreadable(f"{path} cannot be read: 'chainrule learn reset' begins again") from None
    if seed is not None:
        progress.seed = seed
    return progress


def reset() -> None:
    """Forget everything."""
    progress_file().unlink(missing_ok=True)


def progress_file() -> Path:
    """Where progress is kept: below CHAINRULE_HOME, or in the user's data folder of this system."""
    home = Path.home
    if chosen := os.environ.get("CHAINRULE_HOME"):
        return Path(chosen) / "progress.json"
    if chosen := os.environ.get("XDG_DATA_HOME"):
        base = Path(chosen)
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home() / "Library" / "Application Support"
    else:
        base = home() / ".local" / "share"
    return base / "chainrule" / "progress.json"
