"""What an earlier process made, and this one need not make again: files beside the byte code of the modules.

Nothing is written where byte code is not (`PYTHONDONTWRITEBYTECODE`, a folder that is read-only). A file that is
damaged counts as none.
"""

import os
import sys
from contextlib import suppress
from zlib import crc32

from .files import write_whole


def load(path: str) -> bytes | None:
    """The content that was kept at a path; None if there is none."""
    with suppress(OSError), open(path, "rb") as file:
        check, content = file.read(4), file.read()
        if check == _check(content):
            return content
    return None


def keep(path: str, content: bytes) -> None:
    """Keep a content for the processes to come, if that can be done."""
    if not sys.dont_write_bytecode:
        with suppress(OSError):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            write_whole(path, _check(content) + content)


def _check(content: bytes) -> bytes:
    return crc32(content).to_bytes(4, "big")
