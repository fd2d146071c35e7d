"""The ledger of measured results: `data/results.json`.

A page calls `helpers.ledger.record`; a whole run adds here what it recorded.
"""

import json
import math
import pathlib

from helpers.files import DATA, replace_text

RESULTS = DATA / "results.json"
IDENTITY = ("lesson", "metric", "budget", "backend", "device", "source", "seed")


def read_pending(path):
    """Return the rows that `record` wrote to a run's own file."""
    path = pathlib.Path(path)
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def load():
    """Return the ledger: list of dicts, one a figure.

    Raises:
        ValueError: the file is not valid JSON.
    """
    if not RESULTS.exists():
        return []
    try:
        return json.loads(RESULTS.read_text("utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{RESULTS} is not valid JSON: {error}.") from error


def add(rows):
    """Put rows into the ledger; a row replaces the one with the same identity."""
    merged = {_identity(row): row for row in load()}
    merged |= {_identity(row): row for row in rows}
    ordered = sorted(merged.values(), key=_identity)
    RESULTS.parent.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in ordered)
    replace_text(RESULTS, f"[\n{lines}\n]\n")


def table():
    """Return the ledger as a Markdown table: mean and spread over seeds.

    The spread is the sample standard deviation; one seed has none.
    """
    groups = {}
    for row in load():
        key = tuple(row[name] for name in IDENTITY if name != "seed")
        groups.setdefault(key, []).append(row)
    lines = [
        "| Lesson | Metric | Value | Unit | Seeds | Budget | Data | Machine |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for rows in groups.values():
        row, values = rows[0], [r["value"] for r in rows]
        cells = (
            *(row["lesson"], row["metric"], _mean_and_spread(values), row["unit"]),
            *(len(values), row["budget"], row["source"]),
            f"{row['device']}, {row['backend']}",
        )
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def _identity(row):
    return tuple(row[name] for name in IDENTITY)


def _mean_and_spread(values):
    mean = sum(values) / len(values)
    if len(values) == 1:
        return _short(mean, 4)
    spread = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
    return f"{_short(mean, 4)} ± {_short(spread, 2)}"


def _short(value, num_digits):
    """Write a number with so many digits that count, large ones in full."""
    text = f"{value:.{num_digits}g}"
    return f"{value:.0f}" if "e+" in text else text
