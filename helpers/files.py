"""Where the course's files are, and how one is replaced."""

import contextlib
import os
import pathlib
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
DATA = ROOT / "data"
OUTPUTS = ROOT / "outputs"


@contextlib.contextmanager
def replacing(path):
    """Open a file to write that takes the place of `path` when it is whole.

    Readers see the old file or the new one, whenever the writer is killed and however
    many writers there are: each writes to a file of its own.

    Args:
        path: `pathlib.Path`. Its folder must exist.

    Yields:
        binary file. An error inside the `with` block leaves `path` as it was.

    Raises:
        OSError: the file cannot be written, such as on a full disk.
    """
    file = tempfile.NamedTemporaryFile(
        dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False
    )
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        mode = path.stat().st_mode if path.exists() else 0o666 & ~_umask()
        os.chmod(file.name, mode)
        os.replace(file.name, path)
    except BaseException:
        pathlib.Path(file.name).unlink(missing_ok=True)
        raise


def replace_text(path, text):
    """Write `text` to `path` as UTF-8 in one go, as `replacing` does."""
    with replacing(path) as file:
        file.write(text.encode("utf-8"))


def _umask():
    """Return the mask of new files' permissions, which can only be read by setting."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
