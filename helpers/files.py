"""Where the course's files are, and how one is replaced."""

import contextlib
import os
import pathlib
import secrets
import shutil

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
DATA = ROOT / "data"
OUTPUTS = ROOT / "outputs"


@contextlib.contextmanager
def replacing(path):
    """Open a file to write that takes the place of `path` when it is whole.

    Readers see the old file or the new one, whenever the writer is killed and however
    many writers there are: each writes to a file of its own beside `path`, which a kill
    leaves behind as `.NAME.….part`. Permissions are those of the old file, else those
    of any new file.

    Args:
        path: `pathlib.Path`. Its folder must exist.

    Yields:
        binary file. An error inside the `with` block leaves `path` as it was.

    Raises:
        OSError: the file cannot be written, such as on a full disk.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with open(part, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, part)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def replace_text(path, text):
    """Write `text` to `path` as UTF-8 in one go, as `replacing` does."""
    with replacing(path) as file:
        file.write(text.encode("utf-8"))
