"""Where the course's files are."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
DATA = ROOT / "data"
OUTPUTS = ROOT / "outputs"
