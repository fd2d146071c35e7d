"""Projects: the file that is handed in, and what the leaderboard says of it.

A file is NumPy's `.npz` with a few arrays. It is read without pickle, so that nothing
in it can run; what it holds is checked by name, kind and shape before it is used.

| Project | Arrays | Ranked by |
| --- | --- | --- |
| `project1_likelihood` | `nll` | nats per binary test image |
| `project2_gan` | `images` | digit-FID against the test images |
| `project3_gpt` | `characters`, `val_losses` | loss over that of counting |
| `project4_trial` | `arm`, `rival`, `expected` | not ranked; the interval is shown |
"""

import pathlib
import zipfile

from helpers.measure.digit_network import digit_features, digit_probs
from helpers.measure.samples import class_kl, classes_covered, fid
from helpers.measure.texts import NgramModel

import numpy as np

LARGEST = 256 * 2**20  # bytes of all arrays of a file
BITS_SEED = 2_027  # of the binary test images
NUM_NEAREST = 500  # images that are looked for among the training images
ORDER = 6  # characters of the counting model, the predicted one included
TEXT_LENGTHS = (200_000, 2_000_000)  # characters
LEAST_SEEDS = 5
FORMATS = {  # each array's kind of number and its shape, `None` for any length
    "project1_likelihood": {"nll": ("float", (None,))},
    "project2_gan": {"images": ("uint8", (None, 28, 28))},
    "project3_gpt": {"characters": ("int", (None,)), "val_losses": ("float", (None,))},
    "project4_trial": {
        **{"arm": ("float", (None,)), "rival": ("float", (None,))},
        "expected": ("int", ()),
    },
}
ON_DIGITS = ("project1_likelihood", "project2_gan")  # scored on test images
KINDS = {"float": np.floating, "uint8": np.uint8, "int": np.integer}
LEVELS = {  # a figure must not be larger
    "project1_likelihood": ("nll", {"very good": 89.0, "good": 92.0, "pass": 100.0}),
    "project2_gan": ("fid", {"very good": 0.5, "good": 1.6, "pass": 3.0}),
    "project3_gpt": ("over_counting", {"very good": 0.88, "good": 0.98, "pass": 1.0}),
}


def binary_images(images):
    """Switch each pixel on with the probability that its grey value says.

    Args:
        images: float, `(num_images, height, width)`, in [0, 1].

    Returns:
        bool, same shape, the same at every call.
    """
    rng = np.random.default_rng(BITS_SEED)
    return rng.random(images.shape, dtype="float32") < images


def save(project, path, **arrays):
    """Write what is handed in, after the checks that `load` makes.

    Args:
        project: one of `FORMATS`.
        path: path whose name contains the project's and ends in `.npz`.
        arrays: those of `FORMATS[project]`.

    Raises:
        ValueError: another name, or arrays that do not fit.
    """
    name = pathlib.Path(path).name
    if project not in name or not name.endswith(".npz"):
        raise ValueError(f"path must end in {project}.npz, got {str(path)!r}.")
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    _check(project, arrays)
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)


def load(project, path):
    """Read what was handed in.

    Args:
        project: one of `FORMATS`.
        path: path of a `.npz` file.

    Returns:
        dict of arrays, those of `FORMATS[project]`.

    Raises:
        ValueError: it is no such file, or its arrays do not fit; names the fault.
        OSError: it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > LARGEST:
            raise ValueError(
                f"has {size / 2**20:.0f} MiB, at most {LARGEST / 2**20:.0f}"
            )
        with np.load(path, allow_pickle=False) as file:
            _check_names(project, file.files)
            arrays = {name: file[name] for name in file.files}
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise ValueError("holds something that is no array")
    except (zipfile.BadZipFile, EOFError, MemoryError) as error:
        raise ValueError(f"is no .npz file ({error})") from error
    _check(project, arrays)
    return arrays


def score(project, arrays, digits=None):
    """Compute a project's figures.

    Args:
        project: one of `FORMATS`.
        arrays: dict, as from `load`.
        digits: `ImageSet` whose test images were held out, for projects 1 and 2. To
            look at the figures while you work, put validation images in their place.

    Returns:
        dict: figures as floats; `level`, a name in `LEVELS`, `"not yet"`, or for
        project 4 `"shown"` or `"open"`; and `remark`, str, what a person should look
        at, often `""`.

    Raises:
        ValueError: the arrays do not belong to these images, or cannot be right.
    """
    if project in ON_DIGITS and digits is None:
        raise ValueError(f"{project} is scored on images; digits is missing.")
    found = SCORES[project](digits=digits, **arrays)
    if project in LEVELS:
        figure, levels = LEVELS[project]
        reached = [name for name, most in levels.items() if found[figure] <= most]
        if found.get("classes", 10) < 10:
            reached = []
        found["level"] = (*reached, "not yet")[0]
    return found | {"remark": found.pop("remark", "")}


def _score_likelihood(nll, *, digits):
    grey = digits.x_test
    if len(nll) != len(grey):
        raise ValueError(f"nll must have {len(grey)} values, got {len(nll)}")
    grey = np.clip(grey, 1e-7, 1 - 1e-7)
    coins = -(grey * np.log(grey) + (1 - grey) * np.log(1 - grey)).sum(axis=(1, 2))
    if nll.mean() < coins.mean():
        raise ValueError(
            f"nll is {nll.mean():.1f} on average; the coins of binary_images alone "
            f"cost {coins.mean():.1f}, so no model can have less"
        )
    ink = np.corrcoef(nll, binary_images(digits.x_test).sum(axis=(1, 2)))[0, 1]
    remark = "" if ink > 0.3 else "images with more ink do not cost more"
    error = nll.std(ddof=1) / np.sqrt(len(nll))
    return {"nll": float(nll.mean()), "standard_error": error, "remark": remark}


def _score_images(images, *, digits):
    if len(images) != len(digits.x_test):
        raise ValueError(f"images must be {len(digits.x_test)}, got {len(images)}")
    images = images.astype("float32") / 255
    probs = digit_probs(images)
    found = {
        "fid": fid(digit_features(digits.x_test), digit_features(images)),
        "classes": classes_covered(probs),
        "class_kl": class_kl(probs),
        "copies": _copies(images, digits),
    }
    remark = "many lie near a training image" if found["copies"] > 0.05 else ""
    return found | {"remark": remark}


def _copies(images, digits):
    """Return the share of images nearer to a training image than 99 of 100 real ones.

    A model that has learned digits and not the training images has about 0.01.
    """
    train = digits.x_train.reshape(len(digits.x_train), -1)
    squares = np.square(train).sum(axis=1)

    def nearest(some):
        rows = some[:NUM_NEAREST].reshape(-1, train.shape[1])
        products = np.square(rows).sum(axis=1)[:, None] - 2 * rows @ train.T
        return (products + squares).min(axis=1)

    return float((nearest(images) < np.quantile(nearest(digits.x_test), 0.01)).mean())


def _score_text(characters, val_losses, *, digits=None):
    least, most = TEXT_LENGTHS
    if not least <= len(characters) <= most:
        raise ValueError(
            f"characters must be {least:,} to {most:,}, got {len(characters):,}"
        )
    cut = len(characters) * 9 // 10
    if len(val_losses) != len(characters) - cut:
        raise ValueError(
            f"val_losses must have {len(characters) - cut} values, one for each "
            f"character of the last tenth, got {len(val_losses)}"
        )
    if val_losses.min() < 0:
        raise ValueError("val_losses must be at least 0: they are -log p of characters")
    kinds, token_ids = np.unique(characters, return_inverse=True)
    train, val = token_ids[:cut].tolist(), token_ids[cut:].tolist()
    counted = NgramModel(train, vocab_size=len(kinds), order=ORDER).loss(val)
    loss = float(val_losses.mean())
    lines = {tuple(line) for line in _lines(characters[:cut])}
    known = [tuple(line) in lines for line in _lines(characters[cut:])]
    repeated = float(np.mean(known)) if known else 0.0
    remark = "lines of the last tenth stand in the rest" if repeated > 0.1 else ""
    found = {"val_loss": loss, "counting": counted, "over_counting": loss / counted}
    return found | {"repeated_lines": repeated, "remark": remark}


def _lines(characters):
    """Return the lines of at least 20 characters."""
    cuts = np.flatnonzero(characters == ord("\n"))
    return [line for line in np.split(characters, cuts + 1) if len(line) > 20]


def _score_trial(arm, rival, expected, *, digits=None):
    from scipy.stats import ttest_rel  # slow to import

    if len(arm) != len(rival) or len(arm) < LEAST_SEEDS:
        raise ValueError(
            f"arm and rival must have one value for each of at least {LEAST_SEEDS} "
            f"seeds, got {len(arm)} and {len(rival)}"
        )
    if expected not in (-1, 1):
        raise ValueError(f"expected must be -1 (arm lower) or 1, got {expected}")
    gap = arm - rival
    if not gap.std() > 0:
        raise ValueError("arm - rival is the same for every seed")
    low, high = ttest_rel(arm, rival).confidence_interval(0.95)
    sign = int(low > 0) - int(high < 0)
    found = {"seeds": len(arm), "difference": float(gap.mean())}
    found |= {"low": float(low), "high": float(high)}
    against = "against what was expected" if sign == -expected else ""
    return found | {"level": "shown" if sign else "open", "remark": against}


SCORES = {
    "project1_likelihood": _score_likelihood,
    "project2_gan": _score_images,
    "project3_gpt": _score_text,
    "project4_trial": _score_trial,
}


def _check_names(project, names):
    expected = FORMATS[project]
    if sorted(names) != sorted(expected):
        raise ValueError(
            f"must hold the arrays {', '.join(expected)}, got {', '.join(names)}"
        )


def _check(project, arrays):
    _check_names(project, list(arrays))
    for name, (kind, shape) in FORMATS[project].items():
        array = arrays[name]
        fits = len(shape) == array.ndim and all(
            length in (None, found)
            for length, found in zip(shape, array.shape, strict=True)
        )
        if not fits or not np.issubdtype(array.dtype, KINDS[kind]):
            wanted = str(shape).replace("None", "n")
            raise ValueError(
                f"{name} must be {kind} of shape {wanted}, got {array.dtype} "
                f"of shape {array.shape}"
            )
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite numbers")
