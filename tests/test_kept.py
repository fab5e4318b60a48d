"""What is kept for later processes is found as it was, or not at all."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autograd.kept import keep, load


@pytest.fixture(autouse=True)
def byte_code_may_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 100])
def test_what_is_kept_is_found(tmp_path: Path, content: bytes) -> None:
    path = str(tmp_path / "folder" / "kept")
    assert load(path) is None
    keep(path, b"before")
    keep(path, content)
    assert load(path) == content
    assert os.listdir(tmp_path / "folder") == ["kept"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda found: b"",
        lambda found: found[:3],
        lambda found: found[:-1],
        lambda found: found + b"x",
        lambda found: found[:7] + bytes([found[7] ^ 1]) + found[8:],
        lambda found: bytes(len(found)),
    ],
)
def test_what_is_damaged_counts_as_none(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "kept"
    keep(str(path), b"some content")
    path.write_bytes(damage(path.read_bytes()))
    assert load(str(path)) is None


def test_nothing_is_written_where_byte_code_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    keep(str(tmp_path / "kept"), b"x")
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_nothing_happens(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    keep(str(tmp_path / "file" / "kept"), b"x")
    assert load(str(tmp_path / "file" / "kept")) is None
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
