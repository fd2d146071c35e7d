"""Drawn digits: handwriting whose every cause is known.

A pen follows a curve through a handful of points; the writer's slant, pen and care are
drawn at random and returned beside the image, so that what a model finds in the images
can be held against what put it there. The images have the form of MNIST: 28×28
grey levels, white on black, the digit about 20 pixels large, centred by its mass.
"""

import functools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

IMAGE_SIZE = 28  # pixels
CHUNK_SIZE = 500  # images drawn from one random stream
NUM_PIECES = 72  # straight pieces that a digit's line is cut into
BRUSH = 0.5  # pixels, see _ink
END_LOSS = 0.3  # pixels by which the brush falls short at both ends of a line
EDGE = 1.1  # pixels from full ink to bare paper
ROUGHNESS = 0.2  # pixels, deviation of the edge
PRESSURE = 0.4  # deviation of the squared width along a line, as a ratio

# Each way of writing: digit, name, how many writers in 100 use it, and the pen's line
# through points "x,y" on a page 100 high (x to the right, y down). Between points the
# pen runs smoothly; "|" makes the point before it a corner, ";" lifts the pen.
WAYS = """
0 round        50  56,2 26,12 10,48 22,86 50,98 78,86 90,50 78,14 48,3
0 narrow       30  54,0 36,14 26,50 34,88 50,100 66,88 74,50 66,14 46,3
0 crossed      20  68,8 40,4 18,32 18,66 38,97 66,90 84,54 74,18 52,8 38,14
1 stroke       86  50,0 50,50 50,100
1 serif         8  40,16 54,0 | 54,50 54,100
1 base          6  36,18 52,0 | 52,50 52,100 ; 30,100 76,98
2 corner       35  20,22 40,3 68,8 74,32 54,62 16,96 | 50,95 86,94
2 loop         30  22,18 46,2 74,16 66,50 34,86 16,96 12,84 30,78 56,94 90,92
2 wave         20  18,26 40,4 70,10 72,36 48,70 18,94 | 40,86 64,94 88,86
2 angular      15  16,10 50,4 76,8 | 50,50 18,96 | 52,94 88,94
3 round        45  20,12 46,2 74,14 66,38 42,48 | 70,56 80,76 58,97 20,92
3 flat         20  20,6 50,4 76,6 | 60,24 44,42 | 72,52 80,76 56,97 18,92
3 loop         35  22,14 50,2 74,16 62,38 40,47 40,43 62,48 78,68 70,90 44,98 16,88
4 open         45  30,4 24,34 22,54 | 50,53 84,46 ; 74,6 68,50 62,100
4 cup          30  26,4 22,34 36,50 62,42 76,4 | 68,50 60,100
4 closed       25  62,2 40,34 14,64 | 50,64 90,62 ; 62,2 64,50 64,100
5 two-strokes  50  32,6 28,42 | 48,38 76,54 76,82 48,98 18,90 ; 32,6 58,5 94,2
5 one-stroke   35  90,3 56,5 32,6 | 28,44 | 50,38 78,56 74,84 46,98 16,90
5 snake        15  88,4 54,6 32,18 40,40 68,54 74,80 46,98 14,88
6 curl         35  62,0 38,22 22,56 34,92 64,96 76,74 58,56 30,78
6 stick        40  50,0 32,36 24,72 44,99 74,88 74,66 52,58 28,80
6 wide          5  72,4 42,16 22,48 22,82 48,98 74,82 66,58 44,56 26,70
6 bowl         20  34,0 28,40 28,76 44,98 70,92 76,70 56,56 32,74
7 plain        40  16,10 50,8 80,6 | 60,46 42,100
7 bar          20  16,10 50,8 80,6 | 60,46 42,100 ; 34,52 72,48
7 hook         20  14,28 20,8 | 50,10 82,6 | 58,50 46,100
7 curved       20  14,14 48,5 76,10 70,38 54,66 46,100
8 one-line     70  72,12 52,0 30,16 42,40 64,62 62,92 42,98 32,80 46,54 66,32 78,6
8 rings        10  50,2 32,14 38,40 62,38 66,12 48,3 ; 50,44 32,68 50,98 68,70 48,44
8 closed       20  62,6 42,4 32,22 50,46 66,68 62,94 44,97 34,78 52,44 66,20 54,3
9 stick        50  70,14 46,4 30,24 42,44 62,38 70,12 | 66,54 60,100
9 curved       20  74,14 50,2 26,22 34,46 62,40 76,14 76,54 64,84 40,98
9 leaning      30  76,6 48,4 24,32 38,52 64,36 78,6 | 68,50 52,100
"""


@dataclass(frozen=True)
class DrawnDigits:
    """Images and what made them; the first axis of every array is the image.

    Attributes:
        images: uint8, `(N, 28, 28)`, 0 (paper) to 255 (ink).
        labels: uint8, `(N,)`, 0 to 9.
        factors: dict of float32, `(N,)`:
            `slant`, pixels to the right per pixel up;
            `thickness`, width of the pen in pixels;
            `size`, larger side of the digit in pixels, about 20 as in MNIST;
            `width`, horizontal stretch of the page, a ratio;
            `wobble`, deviation of the line, in percent of its height;
            `shift_x` and `shift_y`, centre of mass to the right of and below the middle
            of the image, pixels, to within about 0.2;
            `style`, which way of writing the digit, counted from 0 in `WAYS`.
    """

    images: np.ndarray
    labels: np.ndarray
    factors: dict


def draw_digits(num_images, *, seed):
    """Draw handwritten digits, all ten equally likely.

    With the same seed, the first `n` images are the same whatever `num_images` is.

    Args:
        num_images: int >= 0.
        seed: int >= 0. The same seed draws the same digits.

    Returns:
        `DrawnDigits` of `num_images` images.

    Raises:
        ValueError: `num_images` or `seed` is not an integer >= 0.
    """
    for name, value in (("num_images", num_images), ("seed", seed)):
        is_integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
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
            name: np.concatenate([part[name] for part in factors])[:num_images]
            for name in factors[0]
        },
    )


def _draw_chunk(rng):
    """Draw `CHUNK_SIZE` digits: images, labels and factors."""
    ways, n = _ways(), CHUNK_SIZE
    way = np.searchsorted(ways.cumulative, rng.uniform(size=n), side="right")
    factors = {
        "slant": np.clip(rng.normal(0.16, 0.26, n), -0.4, 0.9),
        "thickness": np.clip(rng.lognormal(np.log(2.45), 0.28, n), 1.4, 4.5),
        "size": np.clip(rng.normal(19.2, 0.6, n), 17.5, 20.5),
        "width": rng.lognormal(np.log(1.1), 0.17, n),
        "wobble": rng.lognormal(np.log(5.3), 0.3, n),
        "shift_x": np.clip(rng.normal(0, 0.5, n), -1.2, 1.2),
        "shift_y": np.clip(rng.normal(0, 0.5, n), -1.2, 1.2),
        "style": ways.style[way],
    }
    factors = {name: values.astype("float32") for name, values in factors.items()}
    column = {name: values[:, None, None] for name, values in factors.items()}

    noise = rng.standard_normal((n, ways.points.shape[1], 3), dtype="float32")
    noise = ways.errors[way] @ noise  # (n, points, 3)
    points = ways.points[way] + column["wobble"] * noise[..., :2]
    points = np.concatenate([points, noise[..., 2:]], axis=-1)  # x, y, pressure
    ends = (ways.curves[way] @ points).reshape(n, 2, NUM_PIECES, 3)
    x, y, pressure = np.moveaxis(ends, -1, 0)  # (n, 2, pieces): begins and ends
    x = x * column["width"] - y * column["slant"]

    extent = np.maximum(np.ptp(x, axis=(1, 2)), np.ptp(y, axis=(1, 2)))  # (n,)
    scale = (factors["size"] - factors["thickness"] + END_LOSS) / extent
    lines = np.stack([x, y], axis=-1) * scale[:, None, None, None]  # pixels
    length = np.linalg.norm(lines[:, 1] - lines[:, 0], axis=-1)  # (n, pieces)
    pressure = pressure.mean(axis=1)
    pressure -= pressure.mean(axis=1, keepdims=True)
    swell = np.maximum(1 + PRESSURE * pressure, 0.1)  # of the squared width
    middles = lines.mean(axis=1)  # (n, pieces, 2), middles of the pieces
    weight = length * np.sqrt(swell)
    mass = (middles * weight[..., None]).sum(axis=1) / weight.sum(axis=1, keepdims=True)
    target = np.stack([factors["shift_x"], factors["shift_y"]], axis=-1)
    middles += (target + IMAGE_SIZE / 2 - mass)[:, None, :]

    half = column["thickness"] / 2
    ink = length * np.exp((swell - 1) * np.square(half[..., 0] / BRUSH) / 2)
    edge = ROUGHNESS * rng.standard_normal((n, IMAGE_SIZE, IMAGE_SIZE), dtype="float32")
    images = _ink(middles, ink, half + edge)
    return images, ways.digit[way], factors


def _ink(middles, ink, half_width):
    """Draw each piece's `ink` around its middle, out to `half_width` from the line.

    A Gaussian brush of width s, drawn along a straight line, leaves exp(-d² / 2s²) at
    distance d from it. The brush is a product of x and y, so one matrix product draws
    all pixels of an image; the logarithm gives back d, which the pen's edge cuts.
    """
    pixels = np.arange(IMAGE_SIZE, dtype="float32")
    steps = (pixels - middles[..., None]) / BRUSH  # (n, pieces, 2, 28)
    # Below exp(-30) nothing shows, and products would be subnormal, which are slow.
    brush = np.exp(np.maximum(-np.square(steps) / 2, -30))
    across, down = brush[:, :, 0], brush[:, :, 1]
    down = down * (ink / (BRUSH * np.sqrt(np.float32(2 * np.pi))))[..., None]
    density = down.transpose(0, 2, 1) @ across  # (n, 28, 28), rows by columns
    distance = BRUSH * np.sqrt(-2 * np.log(np.clip(density, 1e-30, 1)))  # pixels
    coverage = (half_width - distance) / EDGE + 0.5
    return np.rint(255 * np.clip(coverage, 0, 1)).astype("uint8")


class _Ways(NamedTuple):
    """`WAYS` as arrays, the way of writing along the first axis."""

    digit: np.ndarray  # uint8
    style: np.ndarray  # number of the way within its digit
    cumulative: np.ndarray  # probability of this way or one before it
    points: np.ndarray  # float32, (ways, points, 2)
    curves: np.ndarray  # float32, (ways, 2 * pieces, points), see _curve_weights
    errors: np.ndarray  # float32, (ways, points, points), turns noise into wobble


@functools.cache
def _ways():
    rows = [line.split(maxsplit=3) for line in WAYS.strip().splitlines()]
    digit = np.array([row[0] for row in rows]).astype("uint8")
    shares = np.array([row[2] for row in rows]).astype(int)
    lines = [_parse_line(row[3]) for row in rows]
    num_points = max(len(points) for points, _ in lines)
    points = np.zeros((len(rows), num_points, 2))
    for row, (line, _) in zip(points, lines, strict=True):
        row[: len(line)] = line
    # Points near each other on the page go astray together: a Gaussian process.
    apart = np.linalg.norm(points[:, :, None] - points[:, None], axis=-1)
    covariance = 0.95 * np.exp(-np.square(apart / 30) / 2) + 0.05 * np.eye(num_points)
    return _Ways(
        digit=digit,
        style=np.array([np.sum(digit[:i] == d) for i, d in enumerate(digit)]),
        cumulative=np.cumsum(shares) / np.sum(shares),
        points=points.astype("float32"),
        curves=np.stack([_curve_weights(*line, num_points) for line in lines]),
        errors=np.linalg.cholesky(covariance).astype("float32"),
    )


def _parse_line(text):
    """Read a pen's line: its points `(P, 2)`, and the numbers of those on each run."""
    points, runs = [], []
    for stroke in text.split(";"):
        corner = []
        for run in stroke.split("|"):
            first = len(points)
            points += [[float(v) for v in point.split(",")] for point in run.split()]
            runs.append([*corner, *range(first, len(points))])
            corner = [len(points) - 1]
    return np.array(points), runs


def _curve_weights(points, runs, num_points):
    """Compute the weights of the points in where each piece begins, then ends.

    Along each run the pen follows a natural cubic spline over the chord length. It is
    linear in its points, so the weights serve whichever way these go astray.

    Returns:
        float32, `(2 * NUM_PIECES, num_points)`. Begins first, then ends.
    """
    from scipy.interpolate import CubicSpline  # slow to import, so only when drawing

    times = [
        np.append(0, np.cumsum(np.linalg.norm(np.diff(points[run], axis=0), axis=1)))
        for run in runs
    ]
    lengths = np.cumsum([0, *(time[-1] for time in times)])
    bounds = np.rint(NUM_PIECES * lengths / lengths[-1]).astype(int)
    weights = np.zeros((2, NUM_PIECES, num_points), dtype="float32")
    for i, (run, time) in enumerate(zip(runs, times, strict=True)):
        first, last = bounds[i], bounds[i + 1]
        spline = CubicSpline(time, np.eye(len(run)), bc_type="natural")
        ends = spline(
            np.linspace(0, time[-1], last - first + 1)
        )  # (pieces + 1, points)
        weights[0, first:last, run] = ends[:-1].T
        weights[1, first:last, run] = ends[1:].T
    return weights.reshape(2 * NUM_PIECES, num_points)
