"""Files are written whole or not at all."""

import os
import sys
from pathlib import Path

import pytest

from autograd.files import check_writable, write_whole
from tests.replaced import replaced


def test_new_content_takes_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "a name with 名.txt"
    write_whole(path, b"old")
    write_whole(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert [*tmp_path.iterdir()] == [path]


def test_what_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f.txt"
    write_whole(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("autograd.files.os", replaced(os, replace=full))
    with pytest.raises(OSError, match=r"cannot be written \(No space left on device\)") as error:
        write_whole(path, b"new")
    assert error.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize(
    ("name", "error"),
    [("no/f.txt", FileNotFoundError), ("file/f.txt", NotADirectoryError), (".", IsADirectoryError)],
)
def test_what_cannot_be_written_is_known_before(tmp_path: Path, name: str, error: type[OSError]) -> None:
    (tmp_path / "file").write_text("")
    for attempt in (check_writable, lambda path: write_whole(path, b"")):
        with pytest.raises(error, match="cannot be written"):
            attempt(tmp_path / name)


def test_checking_writes_nothing(tmp_path: Path) -> None:
    check_writable(tmp_path / "f.txt")
    assert not [*tmp_path.iterdir()]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such links and devices on Windows")
def test_a_link_is_written_through_and_a_device_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_whole(tmp_path / "pipe", b"through")
    assert os.read(reader, 20) == b"through"
    os.close(reader)
