"""Writing a file so that it is there complete or not at all: new content stands beside the old until it is whole."""

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write `content` to `path`. Raises OSError, naming the file, and leaves what was there when that fails."""
    target = Path(os.path.realpath(path))  # a link is written through
    beside = target.with_name(f".{target.name[:50]}.{token_hex(4)}")  # of 255 bytes at most, in any script
    try:
        with open(beside, "xb") as file:
            file.write(content)
        os.replace(beside, target)
    except OSError as error:
        why = error.strerror or str(error)
        raise type(error)(error.errno, f"the file cannot be written ({why})", str(path)) from None
    finally:
        with suppress(OSError):
            beside.unlink()
