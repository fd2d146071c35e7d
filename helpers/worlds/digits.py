"""Drawn digits: handwriting whose every cause is known.

A pen follows a curve through a handful of points; the writer's slant, pen and care are
drawn at random and returned beside the image, so that what a model finds in the pictures
can be held against what put it there. The images have the form of MNIST: 28 x 28
grey levels, white on black, the digit in a box of about 20 pixels, centred by its mass.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

IMAGE_SIZE = 28  # pixels
BOX_SIZE = 20  # pixels, the larger side of an average digit, as in MNIST
CHUNK_SIZE = 500  # images drawn from one random stream
NUM_PIECES = 72  # straight pieces a digit's line is cut into
BRUSH = 0.8  # pixels, see _ink
EDGE = 1.0  # pixels from full ink to paper

# digit, way of writing it, how many writers in 100 use it, and the line through the points
# "x,y" on a page 100 high (x to the right, y down). Between points the pen
# runs smoothly; "|" is a corner at the point before it, ";" lifts the pen.
WAYS = [
    (0, "round", 50, "56,2 28,12 14,48 24,86 50,98 76,86 86,50 76,14 48,3"),
    (0, "narrow", 30, "54,0 36,14 26,50 34,88 50,100 66,88 74,50 66,14 46,3"),
    (0, "crossed", 20, "68,8 40,4 18,32 18,66 38,97 66,90 84,54 74,18 52,8 38,14"),
    (1, "stroke", 75, "50,0 50,50 50,100"),
    (1, "serif", 13, "32,22 54,0 | 54,50 54,100"),
    (1, "base", 12, "32,20 52,0 | 52,50 52,100 ; 24,100 84,98"),
    (2, "corner", 35, "20,22 40,3 68,8 74,32 54,62 16,96 | 50,95 86,94"),
    (2, "loop", 30, "22,18 46,2 74,16 66,50 34,86 16,96 12,84 30,78 56,94 90,92"),
    (2, "wave", 20, "18,26 40,4 70,10 72,36 48,70 18,94 | 40,86 64,94 88,86"),
    (2, "angular", 15, "16,10 50,4 76,8 | 50,50 18,96 | 52,94 88,94"),
    (3, "round", 45, "20,12 46,2 74,14 66,38 42,48 | 70,56 80,76 58,97 20,92"),
    (3, "flat", 20, "20,6 50,4 76,6 | 60,24 44,42 | 72,52 80,76 56,97 18,92"),
    (3, "loop", 35, "22,14 50,2 74,16 62,38 40,47 40,43 62,48 78,68 70,90 44,98 16,88"),
    (4, "open", 45, "30,4 24,34 22,54 | 50,53 84,46 ; 74,6 68,50 62,100"),
    (4, "cup", 30, "26,4 22,34 36,50 62,42 76,4 | 68,50 60,100"),
    (4, "closed", 25, "62,2 40,34 14,64 | 50,64 90,62 ; 62,2 64,50 64,100"),
    (
        5,
        "two strokes",
        50,
        "32,6 28,42 | 48,38 76,54 76,82 48,98 18,90 ; 32,6 56,5 84,2",
    ),
    (5, "one stroke", 35, "80,4 54,5 32,6 | 28,44 | 50,38 78,56 74,84 46,98 16,90"),
    (5, "snake", 15, "80,5 52,6 32,18 40,40 68,54 74,80 46,98 14,88"),
    (6, "curl", 45, "64,2 38,24 22,62 34,94 62,94 74,72 54,56 28,72"),
    (6, "stick", 35, "50,0 30,40 22,76 40,98 66,88 68,64 46,58 26,76"),
    (6, "wide", 20, "78,8 44,10 20,44 22,84 50,98 78,82 70,58 44,56 24,74"),
    (7, "plain", 40, "16,10 50,8 80,6 | 60,46 42,100"),
    (7, "bar", 20, "16,10 50,8 80,6 | 60,46 42,100 ; 34,52 72,48"),
    (7, "hook", 20, "14,28 20,8 | 50,10 82,6 | 58,50 46,100"),
    (7, "curved", 20, "14,14 48,5 76,10 70,38 54,66 46,100"),
    (
        8,
        "one line",
        60,
        "74,14 46,2 26,20 46,44 72,66 68,92 42,98 24,80 44,52 70,30 74,8",
    ),
    (
        8,
        "rings",
        15,
        "50,2 28,14 34,38 52,46 70,34 70,12 48,3 ; "
        "50,48 24,62 26,90 50,98 76,88 74,60 50,47",
    ),
    (
        8,
        "closed",
        25,
        "64,8 40,4 28,22 50,46 72,66 70,90 48,98 28,86 34,64 56,42 70,20 56,4",
    ),
    (9, "stick", 45, "72,14 46,4 26,26 38,50 64,42 74,12 | 70,50 64,100"),
    (9, "curved", 30, "74,16 50,2 24,22 34,48 62,40 76,12 78,56 62,92 30,94"),
    (9, "leaning", 25, "76,6 48,6 24,32 36,52 64,34 78,6 | 66,50 48,100"),
]


@dataclass(frozen=True)
class DrawnDigits:
    """Images with what made them; the first axis of every array is the image.

    Attributes:
        images: uint8, `(N, 28, 28)`, 0 (paper) to 255 (ink).
        labels: uint8, `(N,)`, 0 to 9.
        factors: dict of float32, `(N,)`. `slant`: pixels to the right per pixel up;
            `thickness`: width of the pen, pixels; `size`: larger side, pixels;
            `shift_x`, `shift_y`: offset of the digit from the centre, pixels to the right
            and down; `style`: number of the way of writing, in `WAYS` within the digit.
    """

    images: np.ndarray
    labels: np.ndarray
    factors: dict


def draw_digits(num_images, *, seed):
    """Draw handwritten digits, all ten equally likely.

    Digits are drawn in chunks, each from its own random stream: with the same seed, the first `n`
    images are the same whatever `num_images` is.

    Args:
        num_images: int >= 0.
        seed: int >= 0. The same seed draws the same digits.

    Returns:
        `DrawnDigits` of `num_images` images.

    Raises:
        ValueError: `num_images` or `seed` is not an integer >= 0.
    """
    for name, value in (("num_images", num_images), ("seed", seed)):
        is_integer = isinstance(value, (int, np.integer)) and not isinstance(
            value, bool
        )
        if not is_integer or value < 0:
            raise ValueError(f"{name} must be an integer >= 0, got {value!r}.")
    num_chunks = max(1, -(-num_images // CHUNK_SIZE))
    chunks = [
        _draw_chunk(np.random.default_rng([seed, chunk])) for chunk in range(num_chunks)
    ]
    images, labels, factors = zip(*chunks, strict=True)
    return DrawnDigits(
        images=np.concatenate(images)[:num_images],
        labels=np.concatenate(labels)[:num_images],
        factors={
            name: np.concatenate([f[name] for f in factors])[:num_images]
            for name in factors[0]
        },
    )


def _draw_chunk(rng):
    """Draw `CHUNK_SIZE` digits: choose the causes, bend the lines, set them in ink."""
    n = CHUNK_SIZE
    way = np.searchsorted(_CUMULATIVE, rng.uniform(size=n), side="right")
    factors = {
        "slant": rng.normal(0.15, 0.26, n),
        "thickness": np.clip(rng.lognormal(np.log(2.35), 0.28, n), 1.3, 4.5),
        "size": np.clip(rng.normal(BOX_SIZE - 0.5, 0.7, n), 17, 21),
        "shift_x": np.clip(rng.normal(0, 0.5, n), -1.5, 1.5),
        "shift_y": np.clip(rng.normal(0, 0.5, n), -1.5, 1.5),
        "style": _STYLES[way],
    }
    factors = {name: values.astype("float32") for name, values in factors.items()}
    care = rng.lognormal(np.log(5.0), 0.3, (n, 1, 1))  # deviation, percent of the page
    stretch = rng.lognormal(np.log(1.1), 0.17, (n, 1, 1)).astype("float32")
    noise = rng.standard_normal((n, _POINTS.shape[1], 3), dtype="float32")
    noise = _CARES[way] @ noise  # points near each other go astray together
    points = np.concatenate(
        [_POINTS[way] + care * noise[..., :2], noise[..., 2:]], axis=-1
    )
    ends = _CURVES[way] @ points.astype("float32")  # (n, 2 * pieces, 3): x, y, pressure
    ends = ends.reshape(n, 2, NUM_PIECES, 3)
    x = ends[..., 0] * stretch - factors["slant"][:, None, None] * ends[..., 1]
    ends = np.stack([x, ends[..., 1], ends[..., 2]], axis=-1)

    extent = np.ptp(ends[..., :2], axis=(1, 2)).max(axis=1)  # (n,)
    scale = (factors["size"] - factors["thickness"]) / extent
    ends[..., :2] *= scale[:, None, None, None]  # pixels
    length = np.linalg.norm(
        ends[:, 1, :, :2] - ends[:, 0, :, :2], axis=-1
    )  # (n, pieces)
    middle, pressure = np.split(ends.mean(axis=1), [2], axis=-1)  # (n, pieces, 2 and 1)
    ink = length * np.exp(0.4 * pressure[..., 0])
    mass = (middle * ink[..., None]).sum(axis=1) / ink.sum(axis=1)[:, None]
    shift = np.stack([factors["shift_x"], factors["shift_y"]], axis=-1)
    middle += (shift - mass + IMAGE_SIZE / 2)[:, None, :]
    rough = rng.standard_normal((n, IMAGE_SIZE, IMAGE_SIZE), dtype="float32")
    return _ink(middle, ink, factors["thickness"], 0.2 * rough), _DIGITS[way], factors


def _ink(middle, length, thickness, rough):
    """Set lines in ink: uint8 images, `(n, 28, 28)`, of pieces at `middle` of `length`.

    A Gaussian brush of width s, drawn along a straight line, leaves exp(-d^2 / 2 s^2) at
    distance d from it. The brush is a product of x and y, so one matrix product paints all
    pixels of an image; the logarithm gives back the distance, which the pen's edge cuts.
    """
    pixels = np.arange(IMAGE_SIZE, dtype="float32")
    x, y = middle[..., 0, None], middle[..., 1, None]  # (n, pieces, 1)
    across = np.exp(np.maximum(-np.square((pixels - x) / BRUSH) / 2, -40))
    down = np.exp(np.maximum(-np.square((pixels - y) / BRUSH) / 2, -40))
    down *= (length / (BRUSH * np.sqrt(2 * np.pi, dtype="float32")))[..., None]
    paint = down.transpose(0, 2, 1) @ across  # (n, 28, 28), rows by columns
    distance = BRUSH * np.sqrt(-2 * np.log(np.clip(paint, 1e-30, 1)))  # pixels
    coverage = (thickness[:, None, None] / 2 + rough - distance) / EDGE + 0.5
    return np.rint(255 * np.clip(coverage, 0, 1)).astype("uint8")


def _parse(line):
    """Read a line of `WAYS`: its points `(P, 2)`, and for each smooth run its point indices."""
    points, runs = [], []
    for stroke in line.split(";"):
        corner = None
        for run in stroke.split("|"):
            first = len(points)
            points += [tuple(map(float, point.split(","))) for point in run.split()]
            indices = list(range(first, len(points)))
            runs.append(indices if corner is None else [corner, *indices])
            corner = len(points) - 1
    return np.array(points), runs


def _curve_matrix(points, runs, num_points):
    """Weights `(2 * pieces, num_points)` of the control points at the pieces' ends.

    The first half of the rows are where pieces begin, the second where they end. The
    curve through each run is a natural cubic spline over the chord length.
    """
    chords = [np.linalg.norm(np.diff(points[run], axis=0), axis=1) for run in runs]
    lengths = np.array([chord.sum() for chord in chords])
    bounds = np.rint(NUM_PIECES * np.cumsum([0, *lengths]) / lengths.sum()).astype(int)
    matrix = np.zeros((2, NUM_PIECES, num_points), dtype="float32")
    for run, chord, first, last in zip(runs, chords, bounds, bounds[1:], strict=False):
        spline = CubicSpline(
            [0, *np.cumsum(chord)], np.eye(len(run)), bc_type="natural"
        )
        weights = spline(np.linspace(0, chord.sum(), last - first + 1))
        matrix[0, first:last, run] = weights[:-1].T
        matrix[1, first:last, run] = weights[1:].T
    return matrix.reshape(2 * NUM_PIECES, num_points)


_PARSED = [_parse(line) for *_, line in WAYS]
_NUM_POINTS = max(len(points) for points, _ in _PARSED)
_POINTS = np.zeros((len(WAYS), _NUM_POINTS, 2))
for _i, (_points, _) in enumerate(_PARSED):
    _POINTS[_i, : len(_points)] = _points
_CURVES = np.stack([_curve_matrix(*parsed, _NUM_POINTS) for parsed in _PARSED])
_APART = np.square(_POINTS[:, :, None] - _POINTS[:, None]).sum(axis=-1)
_CARES = np.linalg.cholesky(
    0.85 * np.exp(-_APART / (2 * 30**2)) + 0.15 * np.eye(_NUM_POINTS)
).astype("float32")
_DIGITS = np.array([digit for digit, *_ in WAYS], dtype="uint8")
_STYLES = np.array([np.sum(_DIGITS[:i] == d) for i, d in enumerate(_DIGITS)])
_CUMULATIVE = np.cumsum([share for _, _, share, _ in WAYS]) / 1000
