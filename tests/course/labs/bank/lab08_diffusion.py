"""Answers to lab 8: right ones of several kinds, and wrong ones, each for one reason.

A wrong one is code, or pairs of texts to be replaced in the model answer.
"""

RIGHT = {
    "density": [
        """
def log_parts(world, x, t):
    if t < 0 or t > 1 or t != t:
        raise ValueError("t is " + str(t) + ", not in [0, 1]")
    found = np.empty((len(x), len(world["weights"])))
    for k, weight in enumerate(world["weights"]):
        variance = (1 - t) ** 2 * world["stds"][k] ** 2 + t**2
        squares = ((x - (1 - t) * world["means"][k]) ** 2).sum(axis=1)
        found[:, k] = np.log(weight / (2 * np.pi * variance)) - squares / 2 / variance
    return found


def log_density(world, x, t):
    parts = log_parts(world, x, t)
    highest = parts.max(axis=1, keepdims=True)
    return highest[:, 0] + np.log(np.exp(parts - highest).sum(axis=1))
""",
        """
def log_parts(world, x, t):
    if not (t >= 0 and t <= 1):
        raise ValueError(f"time {t} outside of [0, 1]")
    signal, noise = 1 - t, t
    std = np.sqrt((signal * world["stds"]) ** 2 + noise**2)
    centres = signal * world["means"]
    z = (x[:, None, :] - centres[None, :, :]) / std[None, :, None]
    return np.log(world["weights"]) - np.log(2 * np.pi) - 2 * np.log(std) - (
        z[..., 0] ** 2 + z[..., 1] ** 2
    ) / 2


def log_density(world, x, t):
    first, *rest = log_parts(world, x, t).T
    for part in rest:
        first = np.logaddexp(first, part)
    return first
""",
        """
import math


def log_parts(world, x, t):
    if math.isnan(t) or not 0.0 <= t <= 1.0:
        raise ValueError(f"got t = {t}, expected 0 to 1")
    rows = []
    for point in np.asarray(x, dtype="float64"):
        row = []
        for w, mean, std in zip(world["weights"], world["means"], world["stds"]):
            variance = (1 - t) ** 2 * std**2 + t * t
            square = sum((a - (1 - t) * b) ** 2 for a, b in zip(point, mean))
            row.append(math.log(w / (math.tau * variance)) - square / (2 * variance))
        rows.append(row)
    return np.array(rows)


def log_density(world, x, t):
    return np.logaddexp.reduce(log_parts(world, x, t).T)
""",
    ],
    "score": [
        """
def score(world, x, t):
    log_all, parts = log_density(world, x, t), log_parts(world, x, t)
    found = np.zeros(x.shape)
    for k in range(len(world["weights"])):
        share = np.exp(parts[:, k] - log_all)[:, None]
        variance = (1 - t) ** 2 * world["stds"][k] ** 2 + t**2
        found -= share * (x - (1 - t) * world["means"][k]) / variance
    return found


def clean_part(world, x, t):
    log_all, parts = log_density(world, x, t), log_parts(world, x, t)
    found = np.zeros(x.shape)
    for k in range(len(world["weights"])):
        share = np.exp(parts[:, k] - log_all)[:, None]
        noiseless = (1 - t) ** 2 * world["stds"][k] ** 2
        offset = x - (1 - t) * world["means"][k]
        gain = (1 - t) * world["stds"][k] ** 2 / (noiseless + t**2)
        found += share * (world["means"][k] + gain * offset)
    return found
""",
        """
def softmax(parts):
    weights = np.exp(parts - parts.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def score(world, x, t):
    precision = 1 / (((1 - t) * world["stds"]) ** 2 + t**2)
    pulls = softmax(log_parts(world, x, t)) * precision
    return (1 - t) * pulls @ world["means"] - pulls.sum(axis=1, keepdims=True) * x


def clean_part(world, x, t):
    shares = softmax(log_parts(world, x, t))
    gains = (1 - t) * world["stds"] ** 2 / (((1 - t) * world["stds"]) ** 2 + t**2)
    kept = (1 - (1 - t) * gains)[:, None] * world["means"]
    return shares @ kept + (shares @ gains)[:, None] * x
""",
        """
def score(world, x, t):
    shares = np.exp(log_parts(world, x, t) - log_density(world, x, t)[:, None])
    variances = ((1 - t) * world["stds"]) ** 2 + t**2
    slopes = (x[:, None] - (1 - t) * world["means"]) / variances[:, None]
    return -np.einsum("nk,nkd->nd", shares, slopes)


def clean_part(world, x, t):
    if t == 1:  # the equation below divides by 1 - t
        return np.repeat((world["weights"] @ world["means"])[None], len(x), axis=0)
    return (x + t**2 * score(world, x, t)) / (1 - t)
""",
    ],
    "euler": [
        """
def euler_path(velocity_fn, x, times):
    times = np.asarray(times, dtype="float64")
    if times.size < 1:
        raise ValueError("no times")
    if not (times >= 0).all() or not (times <= 1).all():
        bad = times[~((times >= 0) & (times <= 1))][0]
        raise ValueError(f"a time of {bad} is outside of [0, 1]")
    path = np.empty((len(times), *x.shape))
    path[0] = x
    for i in range(len(times) - 1):
        v = velocity_fn(path[i], times[i])
        if np.shape(v) != x.shape:
            raise ValueError("points, velocity: " + str((x.shape, np.shape(v))))
        path[i + 1] = path[i] + (times[i + 1] - times[i]) * v
    return path
""",
        """
def euler_path(velocity_fn, x, times):
    times = list(times)
    if not times:
        raise ValueError("times is empty")
    wrong = [t for t in times if not 0 <= t <= 1]
    if wrong:
        raise ValueError(f"times outside of [0, 1]: {', '.join(map(str, wrong))}")
    now, path = x.copy(), [x.copy()]
    while len(times) > 1:
        t = times.pop(0)
        v = velocity_fn(now.copy(), t)
        if v.shape != now.shape:
            raise ValueError(f"got {v.shape}, expected {now.shape}")
        now = now - (t - times[0]) * v
        path.append(now)
    return np.array(path)
""",
        """
def euler_path(velocity_fn, x, times):
    if len(times) < 1:
        raise ValueError("at least one time is needed")
    for bound in (np.min(times), np.max(times)):
        if not 0 <= bound <= 1:
            raise ValueError(f"{bound} is no time in [0, 1]")
    if len(times) == 1:
        return x[None]
    *before, t = times[:-1]
    path = euler_path(velocity_fn, x, times[:-1])
    v = velocity_fn(path[-1], t)
    if v.shape != x.shape:
        raise ValueError(f"velocity of shape {v.shape} for points of shape {x.shape}")
    return np.concatenate([path, (path[-1] + (times[-1] - t) * v)[None]])
""",
    ],
    "guide": [
        """
def only(world, label):
    rows = np.flatnonzero(world["labels"] == label)
    if len(rows) == 0:
        raise ValueError(f"no class {label}")
    weights = world["weights"][rows]
    return {
        "weights": weights / np.sum(weights),
        "means": world["means"][rows],
        "stds": world["stds"][rows],
        "labels": world["labels"][rows],
    }


def guided_velocity(world, x, t, *, label, strength):
    if strength < 0 or not np.isfinite(strength):
        raise ValueError("strength = " + str(strength))
    toward, away = velocity(only(world, label), x, t), velocity(world, x, t)
    return (1 + strength) * toward - strength * away
""",
        """
def only(world, label):
    if label not in world["labels"]:
        raise ValueError(f"label {label} is none of {set(world['labels'].tolist())}")
    found = {k: np.array([v for v, c in zip(world[k], world["labels"]) if c == label])
             for k in world}
    found["weights"] = found["weights"] / sum(found["weights"])
    return found


def guided_velocity(world, x, t, *, label, strength):
    if not (strength >= 0 and strength != float("inf")):
        raise ValueError(f"got a strength of {strength}, expected 0 or more")
    with_class = velocity(only(world, label), x, t)
    if strength == 0:
        return with_class
    without = velocity(world, x, t)
    return with_class + strength * (with_class - without)
""",
        """
import copy


def only(world, label):
    found, chosen = copy.deepcopy(world), world["labels"] == label
    if chosen.sum() == 0:
        raise ValueError("the world has no class " + repr(label))
    for name in found:
        found[name] = found[name][chosen]
    found["weights"] /= found["weights"].sum()
    return found


def guided_velocity(world, x, t, *, label, strength):
    if np.isnan(strength) or np.isinf(strength) or strength < 0:
        raise ValueError(f"strength {strength} is not in [0, infinity)")
    of_class = only(world, label)
    noise = -t * (
        (1 + strength) * score(of_class, x, t) - strength * score(world, x, t)
    )
    clean = (1 + strength) * clean_part(of_class, x, t)
    return noise - (clean - strength * clean_part(world, x, t))
""",
    ],
}

WRONG = {
    "density": {
        "the width is not scaled by 1 - t": [
            ('((1 - t) * world["stds"]) ** 2 + t**2', 'world["stds"] ** 2 + t**2')
        ],
        "the noise is not squared": [("** 2 + t**2", "** 2 + t")],
        "the centre stays where it was": [
            ('(1 - t) * world["means"]', 'world["means"]')
        ],
        "one width for all clouds": [('world["stds"]', 'world["stds"].mean()')],
        "the constant of one dimension": [
            ("np.log(2 * np.pi * variances)", "np.log(2 * np.pi * variances) / 2")
        ],
        "the weights are left out": [('np.log(world["weights"]) - ', "-")],
        "underflow far away": [
            (
                "np.logaddexp.reduce(log_parts(world, x, t), axis=1)",
                "np.log(np.sum(np.exp(log_parts(world, x, t)), axis=1))",
            )
        ],
        "the largest part alone": [
            (
                "np.logaddexp.reduce(log_parts(world, x, t), axis=1)",
                "np.max(log_parts(world, x, t), axis=1)",
            )
        ],
        "NaN is let through": [("if not 0 <= t <= 1:", "if t < 0 or t > 1:")],
        "time 0 and 1 are refused": [("0 <= t <= 1", "0 < t < 1")],
        "the value is not named": [(", got {t}", "")],
    },
    "score": {
        "the sign of the score": [("return -np.sum((shares", "return np.sum((shares")],
        "a mean of offsets, then one variance": [
            (
                "(shares / variances)[..., None] * offsets, axis=1)",
                "shares[..., None] * offsets, axis=1) / variances.mean()",
            )
        ],
        "shares that forget the point": [
            (
                "return np.exp(log_shares)",
                'return np.exp(0 * log_shares) * world["weights"]',
            )
        ],
        "shares that do not add up to 1": [
            (
                "log_parts(world, x, t) - log_density(world, x, t)[:, None]",
                "log_parts(world, x, t)",
            )
        ],
        "0 / 0 far away": [
            (
                "return np.exp(log_shares)",
                "p = np.exp(log_parts(world, x, t))\n"
                "    return p / p.sum(axis=1, keepdims=True)",
            )
        ],
        "the nearest cloud alone": [
            (
                "return np.exp(log_shares)",
                "return np.eye(len(variances))[log_shares.argmax(axis=1)]",
            )
        ],
        "the centres alone are clean": [
            (
                'of_cloud = world["means"] + slopes[:, None] * offsets',
                'of_cloud = world["means"] + 0 * offsets',
            )
        ],
        "1 - t is missing in the clean part": [
            (
                '(1 - t) * world["stds"] ** 2 / variances',
                'world["stds"] ** 2 / variances',
            )
        ],
        "the clean part keeps 1 - t squared": [
            ("slopes = (1 - t) *", "slopes = (1 - t) ** 2 *")
        ],
        "one width in the clean part": [
            ('(1 - t) * world["stds"] ** 2 /', '(1 - t) * world["stds"].mean() ** 2 /')
        ],
        "0 / 0 at time 1": """
def score(world, x, t):
    shares = np.exp(log_parts(world, x, t) - log_density(world, x, t)[:, None])
    variances = ((1 - t) * world["stds"]) ** 2 + t**2
    offsets = x[:, None] - (1 - t) * world["means"]
    return -np.sum((shares / variances)[..., None] * offsets, axis=1)


def clean_part(world, x, t):
    return (x + t**2 * score(world, x, t)) / np.float64(1 - t)
""",
    },
    "euler": {
        "the step has the wrong sign": [("+ (s - t) * v", "+ (t - s) * v")],
        "the velocity of the start": [
            ("velocity_fn(path[-1], t)", "velocity_fn(path[0], t)")
        ],
        "the later time": [("velocity_fn(path[-1], t)", "velocity_fn(path[-1], s)")],
        "equal steps": [
            ("+ (s - t) * v", "+ (times[-1] - times[0]) / (len(times) - 1) * v")
        ],
        "the start is left out": [("np.stack(path)", "np.stack(path[1:] or path)")],
        "the end alone": [("np.stack(path)", "path[-1]")],
        "backwards only": [("(s - t) * v", "-abs(s - t) * v")],
        "two calls a step": [
            ("path.append(", "velocity_fn(path[-1], t)\n        path.append(")
        ],
        "the points are moved in place": [
            ('np.array(x, "float64")', "x"),
            (
                "path.append(path[-1] + (s - t) * v)",
                "path[-1] += (s - t) * v\n        path.append(path[-1])",
            ),
        ],
        "the last time is not checked": [("for t in times:", "for t in times[:-1]:")],
        "shapes are stretched": [("if v.shape != path[-1].shape:", "if False:")],
        "as many numbers are enough": [
            ("if v.shape != path[-1].shape:", "if len(v) not in (1, len(x)):")
        ],
        "the time is not named": [("1], got {t}", "1]")],
    },
    "guide": {
        "weights of a class do not add up to 1": [(' / kept["weights"].sum()', "")],
        "weights are equal": [
            (
                'kept["weights"] / kept["weights"].sum()',
                "np.full(is_kept.sum(), 1 / is_kept.sum())",
            )
        ],
        "the other class": [('world["labels"] == label', 'world["labels"] != label')],
        "rows by their place": [
            (
                'world["labels"] == label\n',
                'np.arange(len(world["labels"])) // 3 == label\n',
            )
        ],
        "strength 0 means no class": [("(1 + strength) * (", "strength * (")],
        "with and without exchanged": [
            ("(with_class - without)", "(without - with_class)")
        ],
        "from the class's velocity": [
            ("return without + (1", "return with_class + (1")
        ],
        "an infinite strength": [("0 <= strength < np.inf", "0 <= strength")],
        "NaN is let through": [
            ("if not 0 <= strength < np.inf:", "if strength < 0 or strength == np.inf:")
        ],
        "the strength is not named": [(", got {strength}", "")],
        "an unknown class gives an empty world": [
            ("if not is_kept.any():", "if False:")
        ],
        "the class is not named": [(", got {label}", "")],
        # The last one, since it spoils WORLD for all that follow.
        "the whole world's weights change": [
            ("is_kept = ", 'world["weights"] /= 2\n    is_kept = ')
        ],
    },
}
