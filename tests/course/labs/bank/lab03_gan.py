"""Answers to lab 3: right ones of several kinds, and wrong ones, each for one reason.

A wrong one is code, or pairs of texts to be replaced in the model answer.
"""

RIGHT = {
    "best": [
        """
from scipy.special import logsumexp


def best_logits(x, real_centres, fake_centres, deviation):
    logits = np.zeros(len(x))
    for sign, centres in ((1, real_centres), (-1, fake_centres)):
        for i, point in enumerate(x):
            squares = [np.sum((point - c) ** 2) for c in centres]
            exponents = -np.array(squares) / (2 * deviation**2)
            logits[i] += sign * (logsumexp(exponents) - np.log(len(centres)))
    return logits
""",
        """
def best_logits(x, real_centres, fake_centres, deviation):
    def log_density(centres):
        gaps = np.float64(x)[:, None, :] - np.float64(centres)[None]
        exponents = -np.einsum("nkd,nkd->nk", gaps, gaps) / 2 / deviation**2
        top = exponents.max(axis=1)
        return top + np.log(np.exp(exponents - top[:, None]).mean(axis=1))

    return log_density(real_centres) - log_density(fake_centres)
""",
    ],
    "pull": [
        """
from scipy.special import expit, softmax


def pull(x, real_centres, fake_centres, deviation, *, loss):
    logits = best_logits(x, real_centres, fake_centres, deviation)
    if loss == "non-saturating":
        strength = expit(-logits)
    elif loss == "minimax":
        strength = expit(logits)
    else:
        raise ValueError(f"unknown loss {loss}")
    slopes = []
    for centres in (real_centres, fake_centres):
        squares = ((x[:, None] - centres) ** 2).sum(axis=2)
        r = softmax(-squares / (2 * deviation**2), axis=1)
        slopes.append((r @ centres - x) / deviation**2)
    return strength[:, None] * (slopes[0] - slopes[1])
""",
        """
def pull(x, real_centres, fake_centres, deviation, *, loss):
    if loss != "minimax" and loss != "non-saturating":
        raise ValueError("loss: " + loss)
    rows = []
    for point in x:
        slope = np.zeros(2)
        for sign, centres in ((1, real_centres), (-1, fake_centres)):
            logs = [-np.sum((point - c) ** 2) / 2 / deviation**2 for c in centres]
            weights = [np.exp(log - max(logs)) for log in logs]
            for weight, c in zip(weights, centres):
                slope += sign * weight / sum(weights) * (c - point) / deviation**2
        (logit,) = best_logits(point[None], real_centres, fake_centres, deviation)
        log_D = -np.logaddexp(0, -logit)
        log_rest = -np.logaddexp(0, logit)
        rows.append(np.exp(log_D if loss == "minimax" else log_rest) * slope)
    return np.array(rows)
""",
    ],
    "cover": [
        """
def coverage(samples, centres, *, radius, min_share):
    num_bad = 0
    for sample in samples:
        num_bad += not np.all(np.isfinite(sample))
    if num_bad > 0:
        raise ValueError(f"{num_bad} samples are not finite")
    counts, good = [0] * len(centres), 0
    for sample in samples:
        distances = [np.hypot(*(sample - c)) for c in centres]
        if min(distances) <= radius:
            good += 1
            counts[int(np.argmin(distances))] += 1
    num_covered = sum(n / len(samples) >= min_share for n in counts)
    return num_covered, good / len(samples)
""",
        """
from scipy.spatial.distance import cdist


def coverage(samples, centres, *, radius, min_share):
    bad = ~np.isfinite(np.asarray(samples, "float64").sum(axis=1))
    if bad.any():
        raise ValueError("not finite: %d samples" % bad.sum())
    distances = cdist(samples, centres)
    hits = distances <= radius
    hits &= distances == distances.min(axis=1, keepdims=True)
    shares = hits.mean(axis=0)
    return np.sum(shares >= min_share), np.mean(hits.any(axis=1))
""",
    ],
    "train": [
        """
def train_gan(*, penalty, beta_1, learning_rate, num_steps, seed):
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    generator, discriminator = make_networks()
    bce = keras.losses.BinaryCrossentropy(from_logits=True)

    def d_loss(x, z):
        fakes = generator(z)
        slopes = input_gradient(discriminator, x)
        real, fake = discriminator(x), discriminator(fakes)
        loss = bce(ops.ones_like(real), real) + bce(ops.zeros_like(fake), fake)
        return loss + 0.5 * penalty * ops.mean(ops.sum(slopes**2, axis=-1))

    def g_loss(z):
        fake = discriminator(generator(z))
        return bce(ops.ones_like(fake), fake)

    adam = lambda: keras.optimizers.Adam(learning_rate=learning_rate, beta_1=beta_1)
    networks = [generator, discriminator]
    d_step = gradient_step(
        d_loss, train=[discriminator], uses=networks, optimizer=adam()
    )
    g_step = gradient_step(g_loss, train=[generator], uses=networks, optimizer=adam())
    for _ in range(num_steps):
        noise = rng.normal(size=(128, 2)).astype("float32")
        d_step(draw_real(128, rng), noise)
        g_step(rng.normal(size=(128, 2)).astype("float32"))
    return generator, discriminator
""",
        """
def train_gan(*, penalty, beta_1, learning_rate, num_steps, seed):
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed + 100)
    generator, discriminator = make_networks()

    def d_loss(x, z):
        logits = discriminator(ops.concatenate([x, generator(z)]))
        signs = ops.concatenate([-ops.ones((128, 1)), ops.ones((128, 1))])
        loss = 2 * ops.mean(ops.softplus(signs * logits))
        slopes = input_gradient(discriminator, x)
        return loss + penalty * ops.sum(ops.square(slopes)) / (2 * 128)

    def g_loss(z):
        return -ops.mean(ops.log_sigmoid(discriminator(generator(z))))

    steps = {}
    for name, loss, mover in (
        ("d", d_loss, discriminator), ("g", g_loss, generator)
    ):
        steps[name] = gradient_step(
            loss, train=[mover], uses=[generator, discriminator],
            optimizer=keras.optimizers.Adam(learning_rate, beta_1),
        )
    for _ in range(num_steps):
        z = rng.standard_normal((128, 2)).astype("float32")
        steps["d"](draw_real(128, rng), z)
        steps["g"](z)
    return generator, discriminator
""",
    ],
    "resample": [
        """
from scipy.special import softmax


def resample(samples, logits, *, num, rng):
    bounds = softmax(np.asarray(logits, "float64")).cumsum()
    rows = np.searchsorted(bounds / bounds[-1], rng.random(num), side="right")
    return samples[rows]
""",
        """
def resample(samples, logits, *, num, rng):
    picked = []
    p = np.exp(logits - np.logaddexp.reduce(logits))
    p = p / p.sum()
    for row in rng.multinomial(1, p, size=num):
        picked.append(samples[row.argmax()])
    return np.stack(picked)
""",
    ],
}

WRONG = {
    "best": {
        "a sum instead of a mean over the centres": [(" - np.log(len(centres))", "")],
        "a variance taken for a deviation": [("2 * deviation**2", "2 * deviation")],
        "underflows far away": [
            (
                "np.logaddexp.reduce(exponents, axis=1)",
                "np.log(np.exp(exponents).sum(axis=1) + 1e-300)",
            ),
        ],
        "the nearest centre alone": [
            ("np.logaddexp.reduce(exponents, axis=1)", "exponents.max(axis=1)")
        ],
        "fakes and reals exchanged": [
            (
                "log_mixture(real_centres) - log_mixture(fake_centres)",
                "log_mixture(fake_centres) - log_mixture(real_centres)",
            )
        ],
    },
    "pull": {
        "strengths exchanged": [("1 - D if", "D if"), ("else D", "else 1 - D")],
        "the fakes are forgotten": [(" - gradient(fake_centres)", "")],
        "the wrong sign": [
            ("return strength[:, None] * slope", "return -strength[:, None] * slope")
        ],
        "any name is taken": [('not in ("non-saturating", "minimax")', "in ()")],
        "no strength": [("strength[:, None] * slope", "0.5 * slope")],
        "the name is not said": [(", got {loss!r}", "")],
    },
    "cover": {
        "a share of the good ones": [("/ len(samples)", "/ max(is_good.sum(), 1)")],
        "more than min_share": [("shares >= min_share", "shares > min_share + 1e-12")],
        "far ones count too": [("[is_good]", "")],
        "numbers counted instead of samples": [
            ("~np.isfinite(samples).all(axis=1)", "~np.isfinite(samples)")
        ],
        "NaN is let through": [("if num_bad:", "if False:")],
    },
    "train": {
        "no generator step": [("        steps[1](more_z)\n", "")],
        "the minimax sign": [
            (
                "ops.mean(ops.softplus(-discriminator(generator(z))))",
                "ops.mean(ops.softplus(discriminator(generator(z))))",
            )
        ],
        "no penalty": [("penalty / 2", "0 * penalty")],
        "both move for the discriminator": [
            ("train=[mover]", "train=[generator, discriminator]")
        ],
        "not trained": [("range(num_steps)", "range(0)")],
        "the penalty at its square root": [
            (
                "ops.mean(ops.sum(ops.square(slopes), axis=1))",
                "-ops.mean(ops.sum(ops.square(slopes), axis=1))",
            )
        ],
    },
    "resample": {
        "overflows": [("logits - logits.max()", "logits")],
        "without replacement": [
            ("size=num, p=", "size=min(num, len(samples)), replace=False, p=")
        ],
        "the best ones": [
            (
                "rng.choice(len(samples), size=num, p=weights / weights.sum())",
                "np.argsort(-logits)[np.arange(num) % len(logits)]",
            )
        ],
        "all alike": [("p=weights / weights.sum()", "p=None")],
        "the square root of the weights": [
            ("np.exp(logits - logits.max())", "np.exp((logits - logits.max()) / 2)")
        ],
    },
}
