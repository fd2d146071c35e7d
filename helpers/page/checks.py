"""Checks of a learner's work: properties, and messages that teach.

Each check returns nothing where the property holds, and raises AssertionError where it
does not. The message says what came, what was expected, and where to look. NaN and
infinity have no property at all: a check of numbers refuses them. A check that could
not fail, for want of a sensible expectation, is a ValueError.
"""

import itertools
import re

from helpers.backend import ops

import numpy as np


def check_shape(name, value, shape, *, look_at):
    """Demand a shape.

    Args:
        name: str. What the value is called in the text.
        value: array, of any backend.
        shape: tuple of int; `None` stands for any size.
        look_at: str. Where the mistake is likely to be.
    """
    found = tuple(_array(name, value, look_at).shape)
    fits = len(found) == len(shape) and all(
        wanted in (None, size) for size, wanted in zip(found, shape, strict=True)
    )
    if not fits:
        raise _wrong(name, f"shape {found}", f"shape {tuple(shape)}", look_at)


def check_close(name, value, expected, *, look_at, tolerance=1e-5):
    """Demand values, to a tolerance relative to the largest expected one.

    Args:
        value, expected: arrays of one shape.
        tolerance: float > 0. Largest difference allowed, in units of the largest
            expected magnitude, or of 1 if that is smaller.

    Raises:
        ValueError: `expected` holds NaN or infinity.
    """
    value = _array(name, value, look_at)
    expected = _array(name, expected, look_at)
    if not np.isfinite(expected).all():
        raise ValueError(f"{name}: expected values must be finite, got {expected}.")
    check_shape(name, value, expected.shape, look_at=look_at)
    if expected.size:
        check_finite(name, value, look_at=look_at)
    error = np.abs(value.astype("float64") - expected)
    if error.size and error.max() > tolerance * max(1, np.abs(expected).max()):
        place = np.unravel_index(error.argmax(), error.shape)
        at = f" at {tuple(int(i) for i in place)}" if place else ""
        raise _wrong(
            name,
            f"{value[place]:.6g}{at}",
            f"{expected[place]:.6g} (within {tolerance:g})",
            look_at,
        )


def check_equal(name, value, expected, *, look_at):
    """Demand a plain value, such as a str or a list of str, of the same type.

    The message shows the first place where two sequences part.
    """
    if type(value) is type(expected) and _are_equal(value, expected):
        return
    got, wanted = repr(value), repr(expected)
    if type(value) is type(expected) and isinstance(expected, (str, list, tuple)):
        pairs = zip(value, expected, strict=False)
        same = sum(
            1 for _ in itertools.takewhile(lambda pair: _are_equal(*pair), pairs)
        )
        rest = slice(same, same + 10)
        got = f"{value[rest]!r} from position {same} on"
        wanted = f"{expected[rest]!r} there"
    raise _wrong(name, got, wanted, look_at)


def check_range(name, value, low, high, *, look_at):
    """Demand that all values lie in `[low, high]`, and that there is one."""
    value = _array(name, value, look_at)
    check_finite(name, value, look_at=look_at)
    if value.min() < low or value.max() > high:
        raise _wrong(
            name,
            f"values from {value.min():.6g} to {value.max():.6g}",
            f"values in [{low:g}, {high:g}]",
            look_at,
        )


def check_finite(name, value, *, look_at):
    """Demand that no value is NaN or infinite, and that there is one."""
    value = _array(name, value, look_at)
    if not value.size:
        raise _wrong(name, f"no value, shape {value.shape}", "finite values", look_at)
    bad = np.size(value) - np.isfinite(value).sum()
    if bad:
        raise _wrong(
            name,
            f"{bad} of {np.size(value)} values that are NaN or infinite",
            "finite values",
            look_at,
        )


def check_gradient(name, loss_fn, gradient, at, *, look_at, tolerance=1e-2, seed=0):
    """Hold a gradient against finite differences along random directions.

    Args:
        loss_fn: function of an array like `at`, returning a scalar.
        gradient: array like `at`, the gradient that is to be checked.
        at: float array, the point.
        tolerance: float. Error allowed, relative to the gradient's length.
        seed: int. Chooses the directions.
    """
    at = np.asarray(at, "float64")
    gradient = _array(name, gradient, look_at).astype("float64")
    check_shape(name, gradient, at.shape, look_at=look_at)
    check_finite(name, gradient, look_at=look_at)
    rng, step = np.random.default_rng(seed), 1e-3
    length = max(np.linalg.norm(gradient), 1e-8)
    for _ in range(5):
        direction = rng.normal(size=at.shape)
        direction /= np.linalg.norm(direction)
        ahead, behind = (
            _scalar(f"{name}: the loss", loss_fn(moved.astype("float32")), look_at)
            for moved in (at + step * direction, at - step * direction)
        )
        slope = (ahead - behind) / (2 * step)
        claimed = float(np.sum(gradient * direction))
        if abs(slope - claimed) > tolerance * max(length, abs(slope)):
            raise _wrong(
                name,
                f"slope {claimed:.4g} along a random direction",
                f"slope {slope:.4g}, by moving a little both ways",
                look_at,
            )


def check_causal(name, fn, token_ids, *, vocab_size, look_at):
    """Demand that a change of later tokens changes no earlier output.

    Args:
        fn: function from `(batch, time)` token ids to `(batch, time, …)` outputs.
        token_ids: int array `(batch, time)`, time ≥ 2.
        vocab_size: int ≥ 2. Token ids are below it.

    Raises:
        ValueError: there is no later token, or no other one to change it to.
    """
    token_ids = np.asarray(token_ids)
    if token_ids.ndim != 2 or not len(token_ids) or token_ids.shape[1] < 2:
        raise ValueError(
            "token_ids must have shape (batch, time) with batch >= 1 and time >= 2, "
            f"got {token_ids.shape}."
        )
    if vocab_size < 2:
        raise ValueError(f"vocab_size must be at least 2, got {vocab_size}.")

    def outputs(token_ids):
        found = _array(name, fn(token_ids), look_at)
        check_shape(name, found, (*token_ids.shape, *found.shape[2:]), look_at=look_at)
        check_finite(name, found, look_at=look_at)
        return found

    before = outputs(token_ids)
    for first in range(1, token_ids.shape[1]):
        changed = token_ids.copy()
        changed[:, first:] = (changed[:, first:] + 1) % vocab_size
        after = outputs(changed)
        check_shape(name, after, before.shape, look_at=look_at)
        difference = np.abs(after[:, :first] - before[:, :first]).max()
        if difference > 1e-4:
            raise _wrong(
                name,
                f"outputs before position {first} moved by {difference:.3g} when "
                f"tokens from {first} on were changed",
                "outputs that depend on earlier tokens alone",
                look_at,
            )


def check_better(name, scores, rivals, *, look_at, rival="the baseline", higher=False):
    """Demand a better score than a rival's at every seed.

    Args:
        scores, rivals: lists of float, one or more, one for each seed, in order.
        rival: str. What the rival is called.
        higher: bool. Whether more is better.
    """
    scores, rivals = (_array(name, found, look_at) for found in (scores, rivals))
    check_shape(name, scores, rivals.shape, look_at=look_at)
    check_finite(name, scores, look_at=look_at)
    check_finite(f"{name} of {rival}", rivals, look_at=look_at)
    won = scores > rivals if higher else scores < rivals
    if not won.all():
        raise _wrong(
            name,
            ", ".join(f"{score:.4g}" for score in scores),
            f"{'more' if higher else 'less'} than {rival} at each seed: "
            + ", ".join(f"{score:.4g}" for score in rivals),
            look_at,
        )


def check_depends(name, fn, inputs, *, look_at):
    """Demand that a function's result follows its input.

    Args:
        fn: function of one argument, returning numbers.
        inputs: list of two or more arguments with different right answers.

    Raises:
        ValueError: there are fewer than two inputs.
    """
    if len(inputs) < 2:
        raise ValueError(f"inputs must hold at least two, got {len(inputs)}.")
    results = [_array(name, fn(value), look_at) for value in inputs]
    for result in results:
        check_finite(name, result, look_at=look_at)
    same = [np.array_equal(a, b) for a, b in itertools.pairwise(results)]
    if any(same):
        raise _wrong(
            name, "the same result for different inputs", "one for each", look_at
        )


def check_refuses(name, fn, *, look_at, naming=()):
    """Demand a ValueError whose message names what came and what was expected.

    Args:
        fn: function without arguments that makes the bad call.
        naming: words that the message must contain; a number must stand there as a
            number of that value, so that 17 is not found in 170.
    """
    try:
        fn()
    except ValueError as error:
        missing = [str(word) for word in naming if not _names(str(error), str(word))]
        if missing:
            raise _wrong(
                name,
                f"a ValueError that says {str(error)!r}",
                f"a message that names {', '.join(missing)}",
                look_at,
            ) from error
    else:
        raise _wrong(name, "no error", "a ValueError", look_at)


def _names(message, word):
    """Tell whether a message holds a word or, if it is a number, its value."""
    number = r"-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
    if not re.fullmatch(number, word):
        return word in message
    found = re.findall(rf"(?<![\w.]){number}", message)
    return float(word) in map(float, found)


def _are_equal(value, expected):
    """Tell whether two plain values are equal; what has no answer is not."""
    try:
        return bool(value == expected)
    except ValueError:  # an array among them
        return False


def _scalar(name, value, look_at):
    """Return a finite number as float; refuse what is none."""
    value = _array(name, value, look_at)
    check_shape(name, value, (), look_at=look_at)
    check_finite(name, value, look_at=look_at)
    return float(value)


def _array(name, value, look_at):
    """Return any backend's tensor as a NumPy array; refuse what is none."""
    if value is None:
        raise _wrong(name, "None", "an array", f"the return statement; {look_at}")
    try:
        array = np.asarray(ops.convert_to_numpy(value))
    except (ValueError, TypeError) as error:
        raise _wrong(name, f"a {type(value).__name__}", "an array", look_at) from error
    if array.dtype.kind not in "biuf":
        raise _wrong(name, f"a {type(value).__name__}", "an array of numbers", look_at)
    return array


def _wrong(name, got, expected, look_at):
    """Make the error that a failed check raises."""
    return AssertionError(
        f"{name}:\n  got       {got}\n  expected  {expected}\n  look at   {look_at}"
    )
