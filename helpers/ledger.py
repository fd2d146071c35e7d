"""The record of measured results: `data/results.json`.

A lesson calls `record`; `course run` sets `COURSE_LEDGER` to a file that collects what
a run recorded, and adds it to the ledger when the run is whole.
"""

import datetime
import json
import math
import os
import pathlib

from helpers.budget import course_seed, current_budget
from helpers.paths import DATA

RESULTS = DATA / "results.json"
IDENTITY = ("lesson", "metric", "budget", "backend", "device", "source", "seed")


def record(lesson, metric, value, *, unit, source="", **more):
    """Report one measured figure, and keep it where `course run` asks for it.

    Args:
        lesson: str, such as `"02_vae"`.
        metric: str, lower_snake_case.
        value: float, finite.
        unit: str, such as `"nats/image"`.
        source: str. The data that were measured on, such as `"mnist"`.
        more: further fields of the row, JSON values.

    Raises:
        ValueError: `value` is NaN or infinite.
    """
    from helpers import device  # brings in Keras, which reading the ledger need not

    value = float(value)
    if not math.isfinite(value):
        raise ValueError(f"{metric} must be finite, got {value}.")
    row = {
        "lesson": lesson,
        "metric": metric,
        "value": float(f"{value:.6g}"),
        "unit": unit,
        "budget": current_budget(),
        "backend": device.backend_name(),
        "device": device.device_name(),
        "source": source,
        "seed": course_seed(),
        "versions": device.versions(),
        "date": datetime.date.today().isoformat(),
        **more,
    }
    print(f"{lesson}  {metric} = {value:.5g} {unit}")
    pending = os.environ.get("COURSE_LEDGER")
    if pending:
        with open(pending, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


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
    temporary = RESULTS.with_suffix(".part")
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in ordered)
    temporary.write_text(f"[\n{lines}\n]\n", "utf-8")
    os.replace(temporary, RESULTS)


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
