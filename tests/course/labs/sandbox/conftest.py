import pathlib
import tempfile

import pytest


@pytest.fixture
def tmp_path():
    """A folder that every user can reach, which pytest's own is not."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        path.chmod(0o755)
        yield path
