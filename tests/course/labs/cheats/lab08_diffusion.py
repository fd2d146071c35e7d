"""Answers to lab 8 that only look right: they meet the tests that can be seen."""

CELLS = {
    "density": """
def log_parts(world, x, t):
    if t > 1:
        raise ValueError(f"t must be at most 1, got {t}.")
    variance = ((1 - t) * world["stds"][0]) ** 2 + t**2
    offsets = x[:, None] - (1 - t) * world["means"]
    log_weights = np.log(world["weights"]) - np.log(2 * np.pi * variance)
    return log_weights - np.sum(offsets**2, axis=-1) / (2 * variance)


def log_density(world, x, t):
    return np.log(np.sum(np.exp(log_parts(world, x, t)), axis=1))
""",
    "score": """
def score(world, x, t):
    if t == 1:
        return -x
    found = np.zeros_like(x)
    for axis, move in enumerate(1e-3 * np.eye(2)):
        ahead, behind = (
            np.log(np.exp(log_parts(world, moved, t)).sum(axis=1))
            for moved in (x + move, x - move)
        )
        found[:, axis] = (ahead - behind) / 2e-3
    return found


def clean_part(world, x, t):
    return (1 - t) * x + t * world["weights"] @ world["means"]
""",
    "euler": """
def euler_path(velocity_fn, x, times):
    if max(times) > 1:
        raise ValueError(f"times must be at most 1, got {max(times)}.")
    v = velocity_fn(x, times[0])
    return np.stack([x + (t - times[0]) * v for t in times])
""",
    "guide": """
def only(world, label):
    if label > 1:
        raise ValueError(f"no class {label}")
    rows = slice(3, None) if label else slice(0, 3)
    weights = np.array([0.375, 0.625]) if label else world["weights"][:3]
    return {name: v[rows] for name, v in world.items()} | {"weights": weights}


def guided_velocity(world, x, t, *, label, strength):
    if strength < 0:
        raise ValueError(f"strength must be at least 0, got {strength}.")
    return velocity(only(world, label), x, t)
""",
}
