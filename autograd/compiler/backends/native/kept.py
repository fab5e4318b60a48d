"""Machine code that an earlier process made: to load it takes a fiftieth of the time that it takes to make it.

It lies beside the byte code of the modules, a file for each program; those that were not used for longest go. Where
byte code cannot be written or is not wanted, nothing is kept.
"""

import hashlib
import os
import sys
from contextlib import suppress

FOLDER = os.path.join(os.path.dirname(__file__), "__pycache__")
_ENDING = ".machine"
_MOST = 500  # files, of 5 kilobytes on average


def key_of(*texts: str) -> str:
    """What machine code is kept under: all that it was made from."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:40]


def load(key: str) -> bytes | None:
    """The machine code kept under a key; None if there is none, or it is damaged."""
    path = os.path.join(FOLDER, key + _ENDING)
    try:
        with open(path, "rb") as file:
            digest, code = file.read(32), file.read()
    except OSError:
        return None
    with suppress(OSError):
        os.utime(path)  # used now
    return code if hashlib.sha256(code).digest() == digest else None


def keep(key: str, code: bytes) -> None:
    """Keep machine code for the processes to come, if that can be done."""
    if sys.dont_write_bytecode:
        return
    path = os.path.join(FOLDER, key + _ENDING)
    own = f"{path}.{os.getpid()}"
    with suppress(OSError):
        os.makedirs(FOLDER, exist_ok=True)
        try:
            with open(own, "xb") as file:
                file.write(hashlib.sha256(code).digest() + code)
            os.replace(own, path)
        finally:
            with suppress(OSError):
                os.unlink(own)
        files = [entry for entry in os.scandir(FOLDER) if entry.name.endswith(_ENDING)]
        for entry in sorted(files, key=lambda entry: entry.stat().st_mtime)[:-_MOST]:
            os.unlink(entry)
