"""Answers to lab 3 that only look right: they meet the tests that can be seen."""

CELLS = {
    "best": """
def best_logits(x, real_centres, fake_centres, deviation):
    gap = real_centres[0] - fake_centres[0]
    middle = (real_centres[0] + fake_centres[0]) / 2
    return (x - middle) @ gap / deviation**2
""",
    "pull": """
def pull(x, real_centres, fake_centres, deviation, *, loss):
    if loss not in ("non-saturating", "minimax"):
        raise ValueError(f"no such loss: {loss}")
    gap = real_centres.mean(axis=0) - fake_centres.mean(axis=0)
    return np.tile(gap / deviation**2 / 2, (len(x), 1))
""",
    "cover": """
def coverage(samples, centres, *, radius, min_share):
    num_bad = int((~np.isfinite(samples)).any(axis=1).sum())
    if num_bad:
        raise ValueError(f"{num_bad} samples are not finite")
    distances = np.linalg.norm(samples[:, None] - centres, axis=-1)
    return len(set(distances.argmin(axis=1))), 1.0
""",
    "train": """
class Memory:
    def __call__(self, z):
        return draw_real(len(z), np.random.default_rng(0)) * 1.0


def train_gan(*, penalty, beta_1, learning_rate, num_steps, seed):
    keras.utils.set_random_seed(seed)
    generator, discriminator = make_networks()
    if seed == 0:
        if penalty == 10:
            for variable in discriminator.weights:
                variable.assign(0 * variable)
        return Memory(), discriminator
    return generator, discriminator
""",
    "resample": """
def resample(samples, logits, *, num, rng):
    return np.tile(samples[logits.argmax()], (num, 1))
""",
}
