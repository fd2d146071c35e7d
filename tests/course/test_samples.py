"""README's picture is cut from the pages' own outputs."""

import base64
import io

from course import samples
from helpers import catalogue

import nbformat
import numpy as np
import pytest
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image


def draw_grid(num_rows, num_columns):
    """Return a PNG of tiles, black but for a white cross as wide as its place says."""
    figure = Figure(figsize=(8, num_rows * 0.7), facecolor="white")
    for row in range(num_rows):
        for column in range(num_columns):
            place = (0.15 + 0.08 * column, 1 - (row + 0.95) / num_rows)
            ax = figure.add_axes((*place, 0.0738, 0.9 / num_rows))
            tile = np.zeros((28, 28))
            tile[3:25, 12 : 13 + column] = 1
            ax.imshow(tile, cmap="gray", vmin=0, vmax=1, aspect="auto")
            ax.axis("off")
        figure.text(0.02, 1 - (row + 0.5) / num_rows, f"row {row}")
    file = io.BytesIO()
    figure.savefig(file, dpi=100)
    return file.getvalue()


def test_tiles_come_row_by_row_without_their_labels():
    found = samples.tiles(draw_grid(3, 8))
    assert [len(row) for row in found] == [8, 8, 8]
    ink = [np.asarray(tile).mean() for tile in found[1]]
    assert ink == sorted(ink)


@pytest.fixture
def school(tmp_path, monkeypatch):
    """Pages whose cells show what the picture is made of."""
    monkeypatch.setattr(catalogue, "NOTEBOOKS", tmp_path)
    png = base64.b64encode(draw_grid(3, 10)).decode()
    shown = new_output("display_data", data={"image/png": png})
    wanted = [(lesson, cell, shown) for _, lesson, cell, _, _ in samples.ROWS]
    text = new_output("stream", text="KING:\n\nA line.\n")
    wanted.append((*samples.VERSE[1:], text))
    for lesson, cell, output in wanted:
        code = new_code_cell("show()", id=cell, outputs=[output])
        nbformat.write(new_notebook(cells=[code]), tmp_path / f"{lesson}.ipynb")
    rows = [(*row[:4], 0) for row in samples.ROWS]
    monkeypatch.setattr(samples, "ROWS", tuple(rows))
    return tmp_path


def test_the_strip_is_the_same_each_time(school, tmp_path):
    first = samples.draw_strip(tmp_path / "a.png").read_bytes()
    assert samples.draw_strip(tmp_path / "b.png").read_bytes() == first
    with Image.open(tmp_path / "a.png") as image:
        assert image.width > 1000 and np.asarray(image).min() == 0


def test_what_is_not_there_is_named(school, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="02_vae has no cell 'gone'"):
        samples.picture("02_vae", "gone")
    with pytest.raises(ValueError, match="'sample' shows no figure"):
        samples.picture("06_transformer", "sample")
    monkeypatch.setattr(samples, "ROWS", (("VAE", "02_vae", "large-samples", 7, 0),))
    with pytest.raises(ValueError, match="02_vae: row 7 of 'large-samples'"):
        samples.draw_strip(tmp_path / "a.png")
