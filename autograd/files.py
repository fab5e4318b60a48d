"""Writing a file whole: the new content is complete beside the old one before it takes its place."""

import errno
import os
from contextlib import suppress


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
    target = os.path.realpath(path)  # a link stays a link
    if os.path.exists(target) and not os.path.isfile(target):  # a pipe or a device, such as /dev/stdout
        with open(target, "wb") as device:
            device.write(content)
        return
    folder, name = os.path.split(target)
    beside = os.path.join(folder, f".{name[:50]}.{os.urandom(4).hex()}")  # at most 255 bytes, in any script
    try:
        with open(beside, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(target):
            os.chmod(beside, os.stat(target).st_mode & 0o7777)
        os.replace(beside, target)
    except OSError as error:
        raise _cannot(error.errno or errno.EIO, path, type(error)) from None
    finally:
        with suppress(OSError):
            os.unlink(beside)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raises OSError, which names the file, where `write_whole` could not write it. Nothing is written."""
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    if not os.path.exists(folder):
        raise _cannot(errno.ENOENT, path, FileNotFoundError)
    if not os.path.isdir(folder):
        raise _cannot(errno.ENOTDIR, path, NotADirectoryError)
    if os.path.isdir(target):
        raise _cannot(errno.EISDIR, path, IsADirectoryError)
    if not os.access(target if os.path.exists(target) else folder, os.W_OK):
        raise _cannot(errno.EACCES, path, PermissionError)


def _cannot(number: int, path: str | os.PathLike[str], kind: type[OSError]) -> OSError:
    return kind(number, f"the file cannot be written ({os.strerror(number)})", str(path))
