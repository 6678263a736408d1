# SPDX-License-Identifier: Apache-2.0
"""liblotic.so by ctypes: include/lotic/c.h, function by function. Nothing here knows tables or Spark."""

import ctypes
import os
import pathlib
import threading

ABI_VERSION = 1  # LOTIC_ABI_VERSION of the c.h that this file was written for

_BUNDLED = pathlib.Path(__file__).resolve().parent / "lib" / "liblotic.so"
_LIBRARY_VARIABLE = "LOTIC_LIBRARY"

_text = ctypes.c_char_p
_handle = ctypes.c_void_p
_out = ctypes.POINTER(ctypes.c_void_p)  # of a text or a handle that becomes ours

# Name, argument types (without the error that every one of these has last).
_FUNCTIONS = {
    "lotic_connector_types": [_out],
    "lotic_connector_open": [_text, _text, _text, _out],
    "lotic_schemas": [_handle, _handle, _out],
    "lotic_tables": [_handle, _handle, _text, _text, ctypes.c_int32, _out],
    "lotic_table": [_handle, _handle, _text, _text, _out],
    "lotic_arrow_schema": [_text, ctypes.c_void_p],
    "lotic_request": [_text, _text, _text, _text, ctypes.c_int64, _out],
    "lotic_prepare": [_handle, _handle, _text, _text, _out],
    "lotic_splits": [_handle, _handle, _text, _text, _text, ctypes.c_int32, _out],
    "lotic_open": [_handle, _handle, _text, _text, _out],
    "lotic_reader_stream": [_handle, ctypes.c_int64, ctypes.c_void_p],
    "lotic_reader_status": [_handle],
    "lotic_reader_certificate": [_handle, ctypes.c_int64, _out],
    "lotic_certificate": [_text, _text, _text, _text, _out],
}
_RELEASES = ("lotic_string_release", "lotic_call_release", "lotic_connector_release", "lotic_reader_release", "lotic_reader_cancel", "lotic_call_cancel")


class LoticError(Exception):
    """A failure that the library reports. `status` is its kind: "Invalid", "NotFound", "IOError", "DataLoss", ..."""

    def __init__(self, message, status="UnknownError"):
        super().__init__(message)
        self.status = status

    def __reduce__(self):  # exceptions travel between Spark's processes
        return (type(self), (str(self), self.status))


class _Struct(ctypes.Structure):
    """Room for an ArrowSchema (9 words) or an ArrowArrayStream (5 words); pyarrow reads it."""

    _fields_ = [("words", ctypes.c_void_p * 10)]


def _path():
    named = os.environ.get(_LIBRARY_VARIABLE)
    if named:
        if not os.path.isfile(named):
            raise LoticError(f"{_LIBRARY_VARIABLE}={named}: there is no such file", "NotFound")
        return os.path.abspath(named)  # what lies beside it is found by its path
    if not _BUNDLED.is_file():
        raise LoticError(
            f"liblotic.so is not at {_BUNDLED}: this copy of the package was installed without it; "
            f"install it from a source folder with a build (python/README.md), or let {_LIBRARY_VARIABLE} name the file",
            "NotFound",
        )
    return str(_BUNDLED)


def _open():
    path = _path()
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise LoticError(f"{path} cannot be loaded: {error} (it needs the system's libraries of its build; python/README.md lists them)", "IOError") from None
    library.lotic_abi_version.restype = ctypes.c_int32
    found = library.lotic_abi_version()
    if found < ABI_VERSION:
        raise LoticError(f"{path} has version {found} of the C interface, this package needs {ABI_VERSION}: install both from one source", "Invalid")
    library.lotic_version.restype = ctypes.c_char_p
    library.lotic_status_name.restype = ctypes.c_char_p
    library.lotic_status_name.argtypes = [ctypes.c_int32]
    library.lotic_call_new.restype = ctypes.c_void_p
    library.lotic_call_new.argtypes = [ctypes.c_int64, ctypes.c_int64]
    for name, arguments in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = ctypes.c_int32
        function.argtypes = [*arguments, _out]
    for name in _RELEASES:
        function = getattr(library, name)
        function.restype = None
        function.argtypes = [ctypes.c_void_p]
    return library


_lock = threading.Lock()  # guards the two below
_opened = None
_owner = None  # the process that opened it: a forked child opens anew, since handles of its parent are not its own


def library():
    """The library, opened when first asked for. Any thread."""
    global _opened, _owner
    with _lock:
        if _opened is None or _owner != os.getpid():
            _opened, _owner = _open(), os.getpid()
        return _opened


def encode(text):
    """A text as C takes it; None stays None (a null pointer)."""
    if text is None:
        return None
    data = text.encode("utf-8")
    if b"\0" in data:
        raise LoticError(f"a text with a NUL character: {text!r}", "Invalid")
    return data


def _taken(pointer):
    """The text at a pointer that is ours, which is then released."""
    text = ctypes.string_at(pointer).decode("utf-8", "replace")
    library().lotic_string_release(pointer)
    return text


def call(name, *arguments):
    """Calls a function that can fail; raises LoticError."""
    error = ctypes.c_void_p()
    status = getattr(library(), name)(*arguments, ctypes.byref(error))
    if status != 0:
        kind = library().lotic_status_name(status).decode()
        raise LoticError(_taken(error.value) if error.value else kind, kind)


def text_of(name, *arguments):
    """Calls a function whose last output is a text, and gives it."""
    out = ctypes.c_void_p()
    call(name, *arguments, ctypes.byref(out))
    return _taken(out.value)


def handle_of(name, *arguments):
    """Calls a function whose last output is a handle, and gives it."""
    out = ctypes.c_void_p()
    call(name, *arguments, ctypes.byref(out))
    return out.value


def room():
    """Memory for an Arrow struct, with its address."""
    struct = _Struct()
    return struct, ctypes.addressof(struct)


def version():
    return library().lotic_version().decode()
