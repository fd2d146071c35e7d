"""Read weights that others published as safetensors: names, shapes, and raw numbers.

A file starts with 8 bytes that give the length of a header. The header is JSON: for
each array its dtype, its shape, and where its bytes begin and end. The bytes follow.
Nothing in such a file can run.
"""

import json
import math
import pathlib

import numpy as np

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4"}
DTYPES |= {"I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?"}
MAX_HEADER = 100_000_000  # bytes


def read_safetensors(path):
    """Return the arrays of a safetensors file, each read when it is used.

    Args:
        path: str or path of the file.

    Returns:
        dict of name to read-only array, mapped from the file and not copied.

    Raises:
        ValueError: the file is no safetensors file, is shorter or longer than its
            header says, or holds an array whose dtype or size does not fit. Names the
            file, and the array.
    """
    path = pathlib.Path(path)
    size = path.stat().st_size
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 10 or not 2 <= length <= min(size - 8, MAX_HEADER):
            raise ValueError(
                f"{path.name} is no whole safetensors file: it has {size:,} bytes, and "
                f"its first 8 say that the header has {length:,}."
            )
        try:
            header = json.loads(file.read(length))
            header.pop("__metadata__", None)
            rows = {
                name: (row["dtype"], tuple(row["shape"]), *row["data_offsets"])
                for name, row in header.items()
            }
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{path.name} is no safetensors file: its header cannot be read."
            ) from error
    end = 8 + length + max((stop for *_, stop in rows.values()), default=0)
    if size != end:
        raise ValueError(
            f"{path.name} has {size:,} bytes, and its header describes {end:,}: it is "
            "cut off, or another file."
        )
    return {
        name: _array(path, name, *row, offset=8 + length) for name, row in rows.items()
    }


def _array(path, name, dtype, shape, start, stop, *, offset):
    """Map one array of a file."""
    if dtype not in DTYPES:
        raise ValueError(
            f"{path.name}: {name} has dtype {dtype!r}, expected one of {list(DTYPES)}."
        )
    num_bytes = math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize
    if not 0 <= start <= stop or stop - start != num_bytes:
        raise ValueError(
            f"{path.name}: {name} of shape {shape} and dtype {dtype} needs "
            f"{num_bytes:,} bytes, its place has {stop - start:,}."
        )
    if not num_bytes:
        return np.zeros(shape, DTYPES[dtype])
    options = {"mode": "r", "offset": offset + start, "shape": shape}
    return np.memmap(path, DTYPES[dtype], **options)
