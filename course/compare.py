"""Say how far the figures of a run are from the recorded ones."""

import statistics

from course.results import figure, groups, short, summarise

ALIKE = ("lesson", "metric", "unit", "budget", "backend", "source")
MACHINE_UNITS = ("s", "ms", "min", "MiB", "GFLOP/s")


def describe(row, recorded):
    """Return a figure with the recorded ones beside it, in a line.

    Such as `"90.21 nats/image; recorded 90.14 ± 0.11 (3 seeds), 0.6 spreads above"`.
    It is compared with rows of the same budget, backend and data alone. They come from
    the same device, or else from the one that has most seeds, which is then named. What
    depends on the machine, as time does, is given as a ratio, without a distance in
    spreads.

    Args:
        row: dict, as `helpers.ledger.record` makes it.
        recorded: list of dicts, such as the ledger's.
    """
    told = f"{short(row['value'])} {row['unit']}"
    rows = find_alike(row, recorded)
    if not rows:
        place = ", ".join(filter(None, (row["budget"], row["backend"], row["source"])))
        return f"{told}; nothing recorded for {place}"
    mean, spread, num_seeds = summarise(rows)
    about = [f"{num_seeds} seed{'s' if num_seeds > 1 else ''}"]
    if rows[0]["device"] != row["device"]:
        about.append(rows[0]["device"])
    told += f"; recorded {figure(rows)} ({', '.join(about)}), "
    if depends_on_machine(row):
        return told + _ratio(row["value"], mean) + _machines(row, rows)
    return told + _distance(row["value"] - mean, spread)


def find_alike(row, recorded):
    """Return the recorded rows that a figure can be compared with: list of dicts."""
    found = [r for r in recorded if all(r[name] == row[name] for name in ALIKE)]
    here = [r for r in found if r["device"] == row["device"]]
    return here or max(groups(found), key=len, default=[])


def depends_on_machine(row):
    """Return whether a figure is one of time, speed or memory."""
    return row["unit"] in MACHINE_UNITS or "speedup" in row["metric"]


def _distance(difference, spread):
    side = "above" if difference > 0 else "below"
    if difference == 0:
        return "the same"
    if not spread:
        return f"{short(abs(difference), 2)} {side}"
    spreads = abs(difference) / spread
    if spreads < 0.05:
        return "less than 0.1 spreads away"
    return f"{spreads:.1f} spreads {side}"


def _ratio(value, mean):
    return f"{short(value / mean, 2)} times as much" if mean else "no ratio to 0"


def _machines(row, rows):
    """Return the note that machines differ, with their speeds where both are known."""
    speeds = [r["product_gflops"] for r in rows if "product_gflops" in r]
    note = "; machines differ"
    if speeds and "product_gflops" in row and row["metric"] != "product_gflops":
        here, there = row["product_gflops"], statistics.fmean(speeds)
        note += f" ({short(here, 2)} GFLOP/s here, {short(there, 2)} there)"
    return note
