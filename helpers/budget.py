"""How much to train, and from which seed.

`COURSE_BUDGET` is `smoke` (every cell runs, seconds), `cpu` (teaches on two cores) or
`gpu` (reaches the published figures). `COURSE_SEED` is the seed of the whole lesson.
"""

import os

BUDGETS = ("smoke", "cpu", "gpu")


def current_budget():
    """Return the name of the budget that runs: `"smoke"`, `"cpu"` or `"gpu"`.

    Unset, `COURSE_BUDGET` means `gpu` where Keras sees one, else `cpu`.

    Raises:
        ValueError: `COURSE_BUDGET` is none of the three.
    """
    name = os.environ.get("COURSE_BUDGET", "").strip()
    if name in BUDGETS:
        return name
    if name:
        raise ValueError(
            f"COURSE_BUDGET must be one of {', '.join(BUDGETS)}, got {name!r}."
        )
    from helpers.backend import has_gpu

    return "gpu" if has_gpu() else "cpu"


def budget(*, smoke, cpu, gpu):
    """Return the one of three values that belongs to the current budget."""
    return {"smoke": smoke, "cpu": cpu, "gpu": gpu}[current_budget()]


def describe_budget(*, smoke, cpu, gpu):
    """Return the line that says which budget runs and what time it promises.

    Args:
        smoke, cpu, gpu: str. How long the lesson takes, such as `"4 min"`.
    """
    time = budget(smoke=smoke, cpu=cpu, gpu=gpu)
    return f"Budget: {current_budget()}, about {time} (set COURSE_BUDGET to change it)."


def course_seed(default=0):
    """Return the seed of this run: `COURSE_SEED`, or `default` where it is unset.

    Raises:
        ValueError: `COURSE_SEED` is not a whole number from 0 to 2**31 - 1.
    """
    text = os.environ.get("COURSE_SEED", "").strip() or str(default)
    return parse_seed(text, name="COURSE_SEED")


def parse_seed(text, *, name):
    """Return a seed given as text; `name` says in the error where it came from."""
    if not text.isdecimal() or int(text) >= 2**31:
        raise ValueError(
            f"{name} must be a whole number from 0 to 2**31 - 1, got {text!r}."
        )
    return int(text)
