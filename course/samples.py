"""Pictures for the front door, cut from the outputs of the pages as they are kept."""

import base64
import io

from helpers import catalogue
from helpers.files import ROOT, replacing

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

STRIP = ROOT / "website" / "_static" / "samples.png"
NUM_DIGITS = 10
ROWS = (  # label, lesson, cell, row of its figure, its first digit in that row
    ("autoencoder", "01_autoencoder", "codes-decode", 2, 0),
    ("VAE", "02_vae", "large-samples", 1, 0),
    ("GAN", "03_gan", "dcgan-fit", 0, 10),
    ("diffusion", "07_diffusion", "digits", 2, 0),
)
VERSE = ("small GPT", "06_transformer", "sample")
NUM_LINES = 12
DARK = 60  # of 255: grounds and letters are darker, strokes and paper lighter


def cell_outputs(lesson, cell_id):
    """Return the outputs of a page's cell.

    Raises:
        ValueError: the page has no such cell.
    """
    for cell in catalogue.find(lesson).read().cells:
        if cell.id == cell_id:
            return cell.outputs
    raise ValueError(f"{lesson} has no cell {cell_id!r}.")


def picture(lesson, cell_id):
    """Return the last figure of a page's cell as bytes of a PNG file.

    Raises:
        ValueError: there is no such cell, or no figure in it.
    """
    outputs = cell_outputs(lesson, cell_id)
    found = [o.data["image/png"] for o in outputs if "image/png" in o.get("data", {})]
    if not found:
        raise ValueError(f"{lesson}: cell {cell_id!r} shows no figure.")
    return base64.b64decode(found[-1])


def tiles(png):
    """Return the images of a grid, row by row: list of lists of `PIL.Image.Image`.

    Args:
        png: bytes of a figure with rows of square images on black grounds, on white
            paper; letters beside or above them are left out.
    """
    with Image.open(io.BytesIO(png)) as image:
        page = image.convert("L")
    is_dark = np.asarray(page) < DARK  # (height, width)
    rows = []
    for top, bottom in _runs(is_dark.mean(axis=1) > 0.25):
        side = bottom - top
        row = [
            page.crop((left, top, right, bottom))
            for left, right in _runs(is_dark[top:bottom].any(axis=0))
            if 0.7 * side < right - left < 1.4 * side
        ]
        if side > 5 and row:
            rows.append(row)
    return rows


def draw_strip(path=None):
    """Draw samples of each family and lines of verse beside them; return the path.

    Args:
        path: `pathlib.Path` of a PNG file, or `None` for the README's.

    Raises:
        ValueError: a page lacks what is to be shown.
    """
    path = STRIP if path is None else path
    figure = Figure(figsize=(9, 2.25), dpi=160, facecolor="white")
    for place, (label, lesson, cell_id, number, first) in enumerate(ROWS):
        found = tiles(picture(lesson, cell_id))
        digits = found[number][first:] if number < len(found) else []
        if len(digits) < NUM_DIGITS:
            raise ValueError(f"{lesson}: row {number} of {cell_id!r} is not there.")
        row = np.hstack([_square(digit) for digit in digits[:NUM_DIGITS]])
        ax = figure.add_axes((0.115, 0.76 - 0.235 * place, 0.535, 0.215))
        ax.imshow(row, cmap="gray", vmin=0, vmax=255, aspect="auto")
        ax.set(xticks=[], yticks=[])
        ax.set_ylabel(label, rotation=0, ha="right", va="center")
        ax.spines[:].set_visible(False)
    label, lesson, cell_id = VERSE
    text = "".join(output.get("text", "") for output in cell_outputs(lesson, cell_id))
    lines = text.strip().splitlines()[:NUM_LINES]
    if not lines:
        raise ValueError(f"{lesson}: cell {cell_id!r} prints no text.")
    figure.text(0.675, 0.975, label, va="top", fontsize=10)
    verse = "\n".join(lines)
    figure.text(0.675, 0.86, verse, va="top", family="monospace", fontsize=7)
    drawn = io.BytesIO()
    figure.savefig(drawn)
    with Image.open(drawn) as image, replacing(path) as file:
        image.convert("L").save(file, "png", optimize=True)
    return path


def _square(image, *, side=56):
    """Return an image as an array with a white edge, `(side + 4, side + 4)`."""
    scaled = np.asarray(image.resize((side, side), Image.Resampling.LANCZOS))
    return np.pad(scaled, 2, constant_values=255)


def _runs(mask):
    """Return `(start, end)` of each run of true values in a vector."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
