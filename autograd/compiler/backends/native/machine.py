"""Compiling: text of LLVM becomes a function that runs on this processor."""

import ctypes
import ctypes.util
import hashlib
import os
import platform
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property
from weakref import WeakValueDictionary

import llvmlite.binding as llvm

from ....kept import keep, load

NAME = "sweep"  # the function that a program is

# The letter of the vector functions of the GNU C library for so many lanes, and what the processor must have for them.
_VECTOR_ABI = {8: ("e", "avx512f"), 4: ("d", "avx2"), 2: ("b", "sse2")}
_SPEED = 2  # of 0 to 3, what the code generator invests

_FOLDER = os.path.join(os.path.dirname(__file__), "__pycache__")  # of code for the processes to come
_ENDING = ".machine"
_MOST = 500  # files, of 5 kilobytes on average


class Machine:
    """Compiled functions, and the text they were made from."""

    def __init__(self, text: str):
        self.llvm = text
        with _lock:
            self._engine = llvm.create_mcjit_compiler(_module(""), _target())
            self._engine.add_object_file(llvm.ObjectFileRef.from_data(_object(text)))
            self._engine.finalize_object()

    def address_of(self, name: str) -> int:
        """Where a function is."""
        with _lock:
            return int(self._engine.get_function_address(name))

    @cached_property
    def address(self) -> int:
        return self.address_of(NAME)

    @cached_property
    def call(self) -> Callable[[ctypes.c_void_p], float]:
        """The program, as a function of the address of its frame."""
        return ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_void_p)(self.address)

    @cached_property
    def part(self) -> Callable[[ctypes.c_void_p, int, int], None]:
        """The sums over some of the examples, as a function of a frame, the first of them and that after the last."""
        number = ctypes.c_int64
        return ctypes.CFUNCTYPE(None, ctypes.c_void_p, number, number)(self.address_of("part"))

    @cached_property
    def finish(self) -> Callable[[ctypes.c_void_p], float]:
        """The mean, once the sums in a frame are complete."""
        return ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_void_p)(self.address_of("finish"))

    @property
    def assembly(self) -> str:
        """The instructions of the processor, as text."""
        with _lock:
            return str(_target().emit_assembly(_improved(self.llvm)))


def _object(text: str) -> bytes:
    """A text as machine code: that of an earlier process, or new, which takes fifty times as long."""
    key = hashlib.sha256("\0".join((text, *_made_by())).encode()).hexdigest()[:40]
    path = os.path.join(_FOLDER, key + _ENDING)
    name, kept = key.encode(), load(path) or b""
    if kept.startswith(name):  # else it is of another program, or no code at all, which would end the process
        with suppress(OSError):
            os.utime(path)  # it was used now
        return kept[len(name) :]
    code = bytes(_target().emit_object(_improved(text)))
    keep(path, name + code)
    _tidy()
    return code


def _tidy() -> None:
    """Remove the machine code that was not used for longest."""
    with suppress(OSError):
        files = [entry for entry in os.scandir(_FOLDER) if entry.name.endswith(_ENDING)]
        for entry in sorted(files, key=lambda entry: entry.stat().st_mtime)[:-_MOST]:
            os.unlink(entry)


def _improved(text: str) -> llvm.ModuleRef:
    """The module of a text. Three passes are enough: the text has the form that the machine runs already."""
    module = _module(text)
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_instruction_combine_pass()
    passes.add_simplify_cfg_pass()
    passes.run(module, llvm.create_pass_builder(_target(), llvm.create_pipeline_tuning_options()))
    return module


def _module(text: str) -> llvm.ModuleRef:
    module = llvm.parse_assembly(text)
    module.name = "program"
    module.triple = _triple()
    return module


_lock = threading.RLock()
if hasattr(os, "register_at_fork"):
    # llvmlite has a lock of its own around each of its calls: a process that is forked while another thread compiles
    # would inherit it locked, and wait for ever. So a fork waits until nobody does.
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)
_known: WeakValueDictionary[str, Machine] = WeakValueDictionary()
_latest: deque[Machine] = deque(maxlen=16)  # networks of one shape, made one after the other, have the same programs


def machine(text: str) -> Machine:
    """`text` compiled, once for all programs that have it. It lives as long as they do, and while it is recent."""
    with _lock:
        made = _known.get(text)
        if made is None:
            made = _known[text] = Machine(text)
        if made in _latest:
            _latest.remove(made)
        _latest.append(made)
        return made


def native_lanes() -> int:
    """How many doubles this processor calculates with at a time."""
    features = _features()
    return 8 if features.get("avx512f") else 4 if features.get("avx2") else 2


@cache
def vector_function(name: str, lanes: int) -> str | None:
    """The name of a function of the C library for so many numbers at a time, if it has one that this processor runs."""
    letter, feature = _VECTOR_ABI.get(lanes, ("", ""))
    if not letter or not _has_vector_functions() or not _features().get(feature, lanes == 2):
        return None
    arguments = "vv" if name in ("pow", "hypot", "atan2") else "v"
    known = f"_ZGV{letter}N{lanes}{arguments}_{name}"
    return known if llvm.address_of_symbol(known) else None


@cache
def _has_vector_functions() -> bool:
    if platform.machine().lower() not in ("x86_64", "amd64") or platform.system() != "Linux":
        return False
    try:
        llvm.load_library_permanently("libmvec.so.1")
    except RuntimeError:
        return False
    return True


def publish(name: str, address: int) -> None:
    """Let compiled code call the function at this address by a name."""
    llvm.add_symbol(name, address)


def provide(name: str) -> None:
    """See that compiled code finds the function of this name in the C library."""
    if llvm.address_of_symbol(name):
        return
    library = ctypes.util.find_library("m") or ctypes.util.find_library("c") or ctypes.util.find_msvcrt()  # type: ignore[attr-defined]
    function = getattr(ctypes.CDLL(library), name)
    publish(name, ctypes.cast(function, ctypes.c_void_p).value or 0)


@cache
def _features() -> llvm.FeatureMap:
    return llvm.get_host_cpu_features()


@cache
def _made_by() -> tuple[str, ...]:
    """What machine code depends on beside its text."""
    version = ".".join(map(str, llvm.llvm_version_info))
    return version, _triple(), llvm.get_host_cpu_name(), _features().flatten(), str(_SPEED)


@cache
def _triple() -> str:
    _start()
    return str(llvm.get_process_triple())


def _target() -> llvm.TargetMachine:
    """A target machine: an engine takes its own."""
    _start()
    target = llvm.Target.from_triple(_triple())
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=_features().flatten(), opt=_SPEED, jit=True
    )


@cache
def _start() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
