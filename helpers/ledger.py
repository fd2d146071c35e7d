"""Report a measured figure.

`course run` sets `COURSE_LEDGER` to a file that collects the figures of a run;
`course.results` keeps them.
"""

import datetime
import json
import math
import os

from helpers.budget import course_seed, current_budget


def record(lesson, metric, value, *, unit, source="", **more):
    """Report one measured figure, and keep it where `course run` asks for it.

    Args:
        lesson: str, such as `"02_vae"`.
        metric: str, lower_snake_case.
        value: float, finite.
        unit: str, such as `"nats/image"`.
        source: str. The data that were measured on, such as `"mnist"`.
        more: further fields of the row, JSON values. A mean over seeds brings its
            sample standard deviation, `spread`, and `num_seeds`.

    Raises:
        ValueError: `value` is NaN or infinite.
    """
    from helpers import backend  # starts Keras, which a page has done already

    value = float(value)
    if not math.isfinite(value):
        raise ValueError(f"{metric} must be finite, got {value}.")
    row = {
        "lesson": lesson,
        "metric": metric,
        "value": float(f"{value:.6g}"),
        "unit": unit,
        "budget": current_budget(),
        "backend": backend.backend_name(),
        "device": backend.device_name(),
        "source": source,
        "seed": course_seed(),
        "versions": backend.versions(),
        "date": datetime.date.today().isoformat(),
        **more,
    }
    spread = f" ± {more['spread']:.2g}" if more.get("spread") else ""
    print(f"{lesson}  {metric} = {value:.5g}{spread} {unit}")
    pending = os.environ.get("COURSE_LEDGER")
    if pending:
        with open(pending, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
