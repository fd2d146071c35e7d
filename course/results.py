"""Measured results: the ledger `data/results.json`, and a reader's own ones.

A page calls `helpers.ledger.record`. A whole run of it keeps what it recorded in
`outputs/results.json`, or in the ledger where it is asked to.
"""

import contextlib
import json
import math
import pathlib
import statistics

from helpers.files import DATA, OUTPUTS, replace_text

try:
    import fcntl
except ModuleNotFoundError:  # Windows, where two writers at once are not kept apart
    fcntl = None

RESULTS = DATA / "results.json"
OWN = OUTPUTS / "results.json"
IDENTITY = ("lesson", "metric", "budget", "backend", "device", "source", "seed")


def read_pending(path):
    """Return the rows that `record` wrote to a run's own file."""
    path = pathlib.Path(path)
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def load(path=None):
    """Return the rows of a file: list of dicts, one a figure.

    Args:
        path: `pathlib.Path`, or `None` for the ledger. A file that does not exist has
            no rows.

    Raises:
        ValueError: the file is not valid JSON.
    """
    path = path or RESULTS
    if not path.exists():
        return []
    try:
        return json.loads(path.read_text("utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not valid JSON: {error}.") from error


def add(rows, path=None):
    """Put rows into a file; a row replaces the one with the same identity.

    Several processes may do so at once: each waits for the one before it.

    Args:
        rows: iterable of dicts, as `helpers.ledger.record` makes them.
        path: `pathlib.Path`, or `None` for the ledger.

    Raises:
        ValueError: the file is not valid JSON. It stays as it is.
    """
    path = path or RESULTS
    path.parent.mkdir(exist_ok=True)
    with _alone(path):
        merged = {_identity(row): row for row in load(path)}
        merged |= {_identity(row): row for row in rows}
        ordered = sorted(merged.values(), key=_identity)
        lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in ordered)
        replace_text(path, f"[\n{lines}\n]\n")


@contextlib.contextmanager
def _alone(path):
    """Wait until no other process writes the file, and keep it so in the block.

    The lock is on a file beside it, since a new file takes the place of the old one.
    It stays there: one that was removed could be locked by two processes. The system
    gives a lock back when its process ends, however it ends.
    """
    with open(path.with_name(f".{path.name}.lock"), "wb") as file:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def groups(rows):
    """Return rows that differ in the seed alone: list of lists, in their order."""
    found = {}
    for row in rows:
        key = tuple(row[name] for name in IDENTITY if name != "seed")
        found.setdefault(key, []).append(row)
    return list(found.values())


def summarise(rows):
    """Return mean, spread and number of seeds of rows that differ in the seed alone.

    The spread is the sample standard deviation. One seed has none, `None`, unless its
    row is itself a mean over seeds and brings `spread` and `num_seeds`.
    """
    values = [row["value"] for row in rows]
    if len(rows) > 1:
        return statistics.fmean(values), statistics.stdev(values), len(rows)
    return values[0], rows[0].get("spread"), rows[0].get("num_seeds", 1)


def figure(rows):
    """Return mean and spread with the digits that mean something: `"90.14 ± 0.11"`.

    The spread has one digit, two where the first is 1, and the mean as many places.
    Where there is no spread, the value has three digits.

    Args:
        rows: list of dicts that differ in the seed alone.
    """
    mean, spread, _ = summarise(rows)
    if not spread:
        return three_digits(mean)
    digits = 1 if f"{spread:e}"[0] == "1" else 0
    places = digits - _exponent(spread)
    return f"{_rounded(mean, places)} ± {_rounded(spread, places)}"


def three_digits(value):
    """Write a number with three digits that count, zeros at its end among them."""
    return _rounded(value, 2 - _exponent(value))


def short(value, num_digits=4):
    """Write a number with so many digits that count, large ones in full."""
    text = f"{value:.{num_digits}g}"
    return f"{value:.0f}" if "e+" in text else text


def _exponent(value):
    """Return the power of ten of a number's first digit; 0 has 0."""
    return math.floor(math.log10(abs(value))) if value else 0


def _rounded(value, places):
    """Write a number to so many places; a negative number of them rounds before."""
    return f"{round(value, places):.{max(places, 0)}f}"


def _identity(row):
    return tuple(row[name] for name in IDENTITY)
