"""A trial of several arms, paired by seed: intervals, and verdicts in words.

`uv run python -m helpers.measure.trials` computes lesson 05's verdicts again from what
the ledger holds of its trial.
"""

import argparse
import json

from helpers.files import DATA
from helpers.ledger import record

import numpy as np

NAMES = {  # of measures, in figures
    "nll_oracle": "NLL-oracle",
    "held_out": "held-out NLL",
    "entropy": "entropy of the generator",
    "reverse": "reverse KL (errors)",
    "forward": "forward KL (gaps)",
}
ERROR_RATE = 0.05  # of all comparisons of a trial together
LOWER, HIGHER, OPEN = "lower", "higher", "no difference shown"


def paired_interval(differences, *, confidence):
    """Return the mean of paired differences, and half the width of its interval.

    Args:
        differences: float, `(num_pairs,)`.
        confidence: float in (0, 1), as 0.95.

    Returns:
        Two floats: the mean, and what Student's t allows on either side of it.

    Raises:
        ValueError: another shape, fewer than two pairs, or another `confidence`.
    """
    from scipy.stats import t  # slow to import

    differences = np.asarray(differences, dtype=float)
    if differences.ndim != 1 or len(differences) < 2:
        raise ValueError(
            f"An interval needs two pairs or more, got shape {differences.shape}."
        )
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1), got {confidence}.")
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    factor = t.ppf((1 + confidence) / 2, len(differences) - 1)
    return float(differences.mean()), float(factor * error)


def verdict(intervals):
    """Say in words what the intervals of a difference show, taken together.

    Args:
        intervals: list of `(mean, half_width)`, one a world.

    Returns:
        "lower" or "higher" where every interval lies on that side of 0, else "no
        difference shown".
    """
    if all(mean + half < 0 for mean, half in intervals):
        return LOWER
    if all(mean - half > 0 for mean, half in intervals):
        return HIGHER
    return OPEN


def verdicts(values, arm, rivals, *, measures):
    """Compare one arm with its rivals, seed by seed, in each world by itself.

    In one world, all comparisons together are wrong with a probability of at most
    `ERROR_RATE`: each interval has the confidence 1 - ERROR_RATE / number of
    comparisons, after Bonferroni. A verdict asks this of every world.

    Args:
        values: dict of `(arm, measure)` to float `(num_worlds, num_seeds)`. A pair that
            it does not hold is not compared, nor one that is equal everywhere.
        arm: str.
        rivals, measures: lists of str.

    Returns:
        list of dicts with `rival`, `measure`, `intervals` (of the arm minus the rival,
        `(mean, half_width)` for each world) and `verdict`.
    """
    gaps = {
        (rival, measure): np.subtract(values[arm, measure], values[rival, measure])
        for rival in rivals
        for measure in measures
        if (rival, measure) in values
    }
    gaps = {pair: gap for pair, gap in gaps.items() if np.abs(gap).max() > 1e-9}
    rows = []
    for (rival, measure), gap in gaps.items():
        confidence = 1 - ERROR_RATE / len(gaps)
        intervals = [paired_interval(world, confidence=confidence) for world in gap]
        row = {"rival": rival, "measure": measure, "intervals": intervals}
        rows.append(row | {"verdict": verdict(intervals)})
    return rows


def matched(target, rows, *, by):
    """Return the measures that a family of rows has where one of them has a value.

    Args:
        target: float, the wanted value of the measure `by`.
        rows: list of dicts of floats with equal keys, such as the measures of a model
            at several temperatures.
        by: str. The measure that is to be equal; between two rows all measures are
            interpolated.

    Returns:
        dict of floats. Where `target` lies outside of what the rows have, those of the
        nearest row.
    """
    rows = sorted(rows, key=lambda row: row[by])
    xs = [row[by] for row in rows]
    return {
        key: float(np.interp(target, xs, [r[key] for r in rows])) for key in rows[0]
    }


def named(history):
    """Return those measures of a history that have a name in figures, by that name."""
    return {name: history[key] for key, name in NAMES.items() if key in history}


def column(rows, *names):
    """Return measures of rows: `(…)` of one name, `(…, num_names)` of several.

    Args:
        rows: list of dicts of floats, or a list of such lists, all of one length.
        names: str, one or more.
    """
    if isinstance(rows, dict):
        values = [rows[name] for name in names]
        return values[0] if len(names) == 1 else values
    return np.array([column(row, *names) for row in rows])


def curves_of(trial, measure, *, world):
    """Return a measure over the rounds: for each world a dict of arm to runs.

    Args:
        trial: for each world a list of seeds, each `(start, arms)`: the measures of the
            start at several temperatures, and a dict of arm to its measures over the
            rounds, all dicts of floats.
        measure: str.
        world: str. What a world is called; its number is added.

    Returns:
        dict of a world's name to a dict of arm to float `(num_seeds, num_rounds)`.
    """
    return {
        f"{world} {k}": {
            arm: column([arms[arm] for _, arms in runs], measure) for arm in runs[0][1]
        }
        for k, runs in enumerate(trial)
    }


def ends_of(trial, *, target, by):
    """Return the measures at the end: for each world and seed a dict by arm.

    Beside the arms of the trial there are `start`, from which all of them went on, and
    `tempered`, the start at the temperature where its measure `by` is that of the arm
    `target` (see `matched`).
    """
    ends = []
    for runs in trial:
        ends.append([])
        for start, arms in runs:
            found = {"start": arms[target][0]}
            found |= {arm: measured[-1] for arm, measured in arms.items()}
            found["tempered"] = matched(found[target][by], start, by=by)
            ends[-1].append(found)
    return ends


def plane_of(trial, ends, *names, world):
    """Return what `plot_plane` draws of two measures, one `(curve, dots)` a world.

    The curve is the start at its temperatures, a mean over the seeds; the dots are the
    arms of the trial, one dot a seed.
    """
    found = {}
    for k, (runs, ended) in enumerate(zip(trial, ends, strict=True)):
        curve = np.mean([column(start, *names) for start, _ in runs], axis=0)
        arms = runs[0][1]
        dots = {arm: column([end[arm] for end in ended], *names) for arm in arms}
        found[f"{world} {k}"] = curve, dots
    return found


def by_arm(ends, measures):
    """Return the measures of arms: dict of `(arm, measure)` to an array.

    Args:
        ends: for each world a list that holds, for each seed, a dict of arm to a dict
            of floats.
        measures: names of those floats.

    Returns:
        dict of `(arm, measure)` to float `(num_worlds, num_seeds)`.
    """
    arms = ends[0][0]
    rows = {arm: [[end[arm] for end in runs] for runs in ends] for arm in arms}
    return {(arm, m): column(rows[arm], m) for arm in arms for m in measures}


def summary(values):
    """Return what the ledger keeps of a measure, `(num_worlds, num_seeds)`.

    A dict of the mean `value`, the `spread` over seeds (the standard deviation of a
    sample, within a world, then averaged), `num_seeds` of all worlds, and the `values`.
    """
    values = np.asarray(values)
    spread = float(values.std(axis=1, ddof=1).mean())
    found = {"value": float(values.mean()), "spread": round(spread, 4)}
    return found | {"num_seeds": values.size, "values": values.round(5).tolist()}


def record_all(lesson, table, names, measures):
    """Report every measure of every arm, with the values of all seeds.

    Args:
        lesson: str.
        table: dict of `(arm, measure)` to float `(num_worlds, num_seeds)`.
        names: dict of arm to its name in the ledger; the metric is
            `trial_<name>_<measure>`.
        measures: the measures to report, in nats per token.
    """
    for (arm, measure), values in table.items():
        if measure in measures:
            metric, more = f"trial_{names[arm]}_{measure}", summary(values)
            record(lesson, metric, unit="nats/token", source="oracle", **more)


def describe(rows):
    """Return the rows of `verdicts` as a table of text, one column for each world."""
    often = f"{100 * ERROR_RATE:.0f} of 100 trials"
    lines = [f"{len(rows)} comparisons, together wrong in at most {often} of one world"]
    worlds = range(len(rows[0]["intervals"]))
    lines.append(f"{'':29}" + "".join(f"{f'world {k}':^19}" for k in worlds) + "both")
    for row in rows:
        cells = "".join(f"{m:+8.3f} ± {h:.3f}   " for m, h in row["intervals"])
        name = f"{row['rival']:<17}{NAMES[row['measure']]:<14}"
        lines.append(f"{name[:31]}{cells}{row['verdict']}")
    return "\n".join(lines)


def values_of_ledger(rows, lesson, prefix, measures):
    """Return what a ledger holds of a trial, as `verdicts` wants it.

    Args:
        rows: list of dicts, as `helpers.ledger.record` makes them; those of a trial
            have a field `values`, `(num_worlds, num_seeds)`.
        lesson, prefix: str. The trial's metrics are `<prefix>_<arm>_<measure>`.
        measures: list of str.
    """
    found = {}
    for row in rows:
        if row["lesson"] != lesson or "values" not in row:
            continue
        for measure in measures:
            name = row["metric"]
            if name.startswith(f"{prefix}_") and name.endswith(f"_{measure}"):
                arm = name[len(prefix) + 1 : -len(measure) - 1]
                found[arm, measure] = row["values"]
    return found


def main(args=None):
    """Print lesson 05's verdicts from the ledger."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("ledger", nargs="?", default=DATA / "results.json")
    parser.add_argument("--budget", default="cpu")
    options = parser.parse_args(args)
    with open(options.ledger, encoding="utf-8") as file:
        rows = [row for row in json.load(file) if row["budget"] == options.budget]
    measures = ["nll_oracle", "held_out"]
    values = values_of_ledger(rows, "05_seqgan", "trial", measures)
    if not values:
        parser.error(f"{options.ledger} holds no trial of the budget {options.budget}.")
    rivals = ["mle", "more_mle", "constant", "random", "tempered"]
    print("SeqGAN minus its rival, nats per token")
    print(describe(verdicts(values, "seqgan", rivals, measures=measures)))


if __name__ == "__main__":
    main()
