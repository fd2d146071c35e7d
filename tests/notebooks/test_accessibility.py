"""What can be tested of a course that everybody can read: colours and contrast."""

import itertools
import re

from helpers import catalogue
from helpers.files import ROOT
from helpers.page.plotting import COLORS
from helpers.page.quiz import COLORS as QUIZ_COLORS

import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_rgb

# How each kind of colour vision sees linear RGB: Machado, Oliveira, Fernandes (2009).
VISION = {
    "full": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
PALETTE = {color.casefold() for color in COLORS}
NEUTRAL = {"black", "white", "gray", "grey", "none", "k", "w"}
# Lightness tells the values apart, or how far from the middle they are.
COLOR_MAPS = {"gray", "viridis", "cividis", "magma", "Blues", "Reds", "Greys", "RdBu_r"}
SOURCES = [
    *(page.path for page in catalogue.pages()),
    *ROOT.glob("helpers/**/*.py"),
]


def linear(color):
    """Return linear RGB, (3,), of a colour's name or code."""
    value = np.array(to_rgb(color))
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """Return CIE L*a*b*, in which distances are about as large as they look."""
    to_xyz = [
        [0.4124, 0.3576, 0.1805],
        [0.2126, 0.7152, 0.0722],
        [0.0193, 0.1192, 0.9505],
    ]
    xyz = to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(first, second):
    """Return WCAG's contrast ratio of two colours, 1 to 21."""
    low, high = sorted(linear(c) @ [0.2126, 0.7152, 0.0722] for c in (first, second))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("vision", VISION)
def test_the_palette_can_be_told_apart_with_any_colour_vision(vision):
    seen = [lab(VISION[vision] @ linear(color)) for color in COLORS]
    for first, second in itertools.combinations(seen, 2):
        assert np.linalg.norm(first - second) > 15  # 2.3 is just noticeable


def code_of(path):
    if path.suffix == ".py":
        return path.read_text("utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_figures_take_their_colours_from_the_palette(path):
    code = code_of(path)
    for color in re.findall(r"\b(?:color|facecolor|edgecolor|c)=\"([^\"]+)\"", code):
        is_cycled = re.fullmatch(r"C\d", color)
        assert is_cycled or color.casefold() in PALETTE | NEUTRAL, color
    for name in re.findall(r"cmap=\"([^\"]+)\"", code):
        assert name in COLOR_MAPS, name


def test_the_quizzes_buttons_can_be_read():
    white = QUIZ_COLORS["--jq-text-color"]
    for name in ("multiple-choice-bg", "incorrect-color", "correct-color"):
        assert contrast(white, QUIZ_COLORS[f"--jq-{name}"]) > 4.5
        assert contrast("white", QUIZ_COLORS[f"--jq-{name}"]) > 4.5  # as text on paper


def test_contrast_is_what_wcag_says():
    assert contrast("black", "white") == pytest.approx(21)
    assert contrast("white", "white") == pytest.approx(1)
