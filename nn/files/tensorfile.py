"""Files of named arrays in the safetensors format: written whole or not at all, and checked before they are read.

Such a file is a JSON header and raw numbers; nothing in it is ever executed. Its sizes are checked first, so that a
hostile file cannot fill the memory.
"""

import json
import os
import stat
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Never

from autograd import write_whole

if TYPE_CHECKING:
    from ..data import Floats

Path = str | os.PathLike[str]

_MOST_HEADER, _MOST_BYTES = 16_000_000, 256_000_000  # room for more numbers than a computer holds Values
_MOST_ENTRIES = 600_000  # of lists and objects in the JSON, each of which takes about a hundred bytes; 5 a tensor


def write(path: Path, arrays: "Mapping[str, Floats]", metadata: Mapping[str, Any]) -> None:
    """Write float64 arrays and `metadata`, which goes through JSON, to a file.

    Raises OSError where it cannot be written, ValueError where it would be too large to be read again.
    """
    from safetensors.numpy import save

    # One entry, since the format does not keep the order of several: the same model gives the same bytes.
    content = save(dict(arrays), metadata={"chainrule": json.dumps(metadata, allow_nan=False)})
    try:
        _check_size(content)
    except ValueError as error:
        raise ValueError(f"cannot save {os.fspath(path)!r}: {error}") from None
    write_whole(path, content)


def read(path: Path) -> "tuple[dict[str, Floats], dict[str, Any]]":
    """The arrays and the metadata of a file; metadata is empty where the file is not of this project.

    Raises ValueError, naming the file, when it is damaged, too large, no safetensors file, or holds anything but finite
    float64 numbers; OSError when it cannot be opened.
    """
    name = os.fspath(path)
    try:
        return _parse(_content(name))
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(f"cannot load {name!r}: {shortened(str(error) or type(error).__name__)}") from error


def _content(name: str) -> bytes:
    if not stat.S_ISREG(os.stat(name).st_mode):
        raise ValueError("it is not a file")
    with open(name, "rb") as file:
        if os.fstat(file.fileno()).st_size > _MOST_BYTES:
            raise ValueError(f"it is larger than {_MOST_BYTES} bytes")
        content = file.read()
    _check_size(content)
    return content


def _check_size(content: bytes) -> None:
    """Raise ValueError for a header that is longer than the file, too long, or has too many entries."""
    length = int.from_bytes(content[:8], "little")
    if len(content) >= 8 and length > min(len(content) - 8, _MOST_HEADER):
        raise ValueError("it is not a safetensors file, or was cut off: its header would be longer than the file")
    _check_entries(content[8 : 8 + length])


def _check_entries(text: bytes) -> None:
    if sum(map(text.count, (b",", b"[", b"{"))) > _MOST_ENTRIES:
        raise ValueError(f"its header has more than {_MOST_ENTRIES} entries")


def _parse(content: bytes) -> "tuple[dict[str, Floats], dict[str, Any]]":
    import numpy as np
    from safetensors import SafetensorError, deserialize

    try:
        entries = deserialize(content)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise ValueError(f"it is not a safetensors file, or damaged ({error})") from error
    header = parse_json(content[8 : 8 + int.from_bytes(content[:8], "little")].decode())
    arrays = {}
    for name, entry in entries:
        if entry["dtype"] != "F64":
            raise ValueError(f"tensor {name!r} is of type {entry['dtype']}, and not F64 (float64)")
        array = np.frombuffer(entry["data"], dtype="<f8").reshape(entry["shape"])
        if not np.isfinite(array).all():
            raise ValueError(f"tensor {name!r} holds numbers that are not finite")
        arrays[name] = array
    own = (header.get("__metadata__") or {}).get("chainrule")
    metadata = {} if own is None else parse_json(own)
    if not isinstance(metadata, dict):
        raise ValueError("its metadata is not a JSON object")
    return arrays, metadata


def parse_json(text: str) -> Any:
    """JSON with finite numbers, each name once, and not too many entries; else ValueError."""
    _check_entries(text.encode("utf-8", "surrogatepass"))
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)


def shortened(reason: str) -> str:
    """The reason of an error, of which a file may determine the length."""
    return reason if len(reason) <= 300 else f"{reason[:300]}..."


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name is twice in its header")
    return dict(pairs)


def _refuse(constant: str) -> Never:
    raise ValueError(f"its header holds {constant}")
