"""Writing a file whole: the new content is complete beside the old one before it takes its place."""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path
from secrets import token_hex


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file completely or not at all: whoever reads it, also after a crash, finds the old content or the new.

    Arguments:
        path: where; a link stays a link, and a file that was there keeps its permissions.
        content: the bytes of the whole file.

    Raises OSError, which names the file, where it cannot be written; what was there before is then kept.

    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(os.path.join(folder, "f.txt"), b"all of it")
    ...     os.listdir(folder)
    ['f.txt']
    """
    check_writable(path)
    target = Path(os.path.realpath(path))  # a link stays a link
    if target.exists() and not target.is_file():  # a pipe or a device, such as /dev/stdout, is not replaced
        target.write_bytes(content)
        return
    beside = target.with_name(f".{target.name[:50]}.{token_hex(4)}")  # at most 255 bytes, in any script
    try:
        with open(beside, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, beside)
        os.replace(beside, target)
    except OSError as error:
        raise _cannot(error.errno or errno.EIO, path, type(error)) from None
    finally:
        with suppress(OSError):
            beside.unlink()


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raises OSError, which names the file, where `write_whole` could not write it. Nothing is written."""
    target = Path(os.path.realpath(path))
    if not target.parent.exists():
        raise _cannot(errno.ENOENT, path, FileNotFoundError)
    if not target.parent.is_dir():
        raise _cannot(errno.ENOTDIR, path, NotADirectoryError)
    if target.is_dir():
        raise _cannot(errno.EISDIR, path, IsADirectoryError)
    if not os.access(target if target.exists() else target.parent, os.W_OK):
        raise _cannot(errno.EACCES, path, PermissionError)


def _cannot(number: int, path: str | os.PathLike[str], kind: type[OSError]) -> OSError:
    return kind(number, f"the file cannot be written ({os.strerror(number)})", str(path))
