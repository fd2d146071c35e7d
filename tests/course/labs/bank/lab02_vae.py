"""Answers to lab 2: right ones of several kinds, and wrong ones, each for one reason.

A wrong one is code, or pairs of texts to be replaced in the model answer.
"""

RIGHT = {
    "posterior": [
        """
def linear_posterior(x, seen, weights, noise_var):
    if noise_var <= 0 or noise_var != noise_var:
        raise ValueError(f"noise_var: {noise_var}")
    num_latents = weights.shape[1]
    precision, pull = np.eye(num_latents), np.zeros(num_latents)
    for value, is_seen, row in zip(x, seen, weights):
        if is_seen:
            precision = precision + np.outer(row, row) / noise_var
            pull = pull + value * row / noise_var
    return np.linalg.solve(precision, pull), np.linalg.pinv(precision)
""",
        """
from numpy.linalg import inv


def linear_posterior(x, seen, weights, noise_var):
    if not noise_var > 0:
        raise ValueError("noise_var must be positive, not " + str(noise_var))
    mask = seen.astype("float64")
    W = weights * mask[:, None]
    filled = np.nan_to_num(x) * mask
    C = inv(np.eye(W.shape[1]) + W.T @ W / noise_var)
    return C @ (W.T @ filled) / noise_var, C
""",
    ],
    "terms": [
        """
def partial_terms(encoder, decoder, x, seen, noise):
    mean, log_var = encoder(ops.where(seen > 0.5, x, ops.zeros_like(x)))
    logits = decoder(mean + noise * ops.sqrt(ops.exp(log_var)))
    pixels = ops.maximum(logits, 0) - x * logits
    pixels = pixels + ops.log1p(ops.exp(-ops.abs(logits)))
    pixels = ops.where(seen > 0.5, pixels, 0.0)
    kl = 0.5 * (ops.square(mean) + ops.exp(log_var) - 1 - log_var)
    return ops.sum(pixels, axis=1), ops.sum(kl, axis=1)
""",
        """
def partial_terms(encoder, decoder, x, seen, noise):
    shown = x * seen
    z_mean, z_log_var = encoder(shown)
    logits = decoder(z_mean + noise * ops.exp(z_log_var / 2))
    nats = ops.einsum("bd,bd->b", seen, ops.softplus(logits))
    nats = nats - ops.einsum("bd,bd->b", shown, logits)
    return nats, gaussian_kl(z_mean, z_log_var)
""",
    ],
    "train": [
        """
def train_vae(x, seen, *, latent_dim, beta, num_epochs, seed):
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    encoder, decoder = make_models(latent_dim)
    optimizer = keras.optimizers.Adam(learning_rate=2e-3)

    def loss_fn(x, seen, noise):
        rate = partial_terms(encoder, decoder, x, seen, noise)
        return ops.mean(rate[0] + beta * rate[1])

    step = gradient_step(loss_fn, train=[encoder, decoder], optimizer=optimizer)
    for _ in range(num_epochs):
        order = rng.permutation(len(x))
        for i in range(len(x) // 64):
            rows = order[64 * i : 64 * i + 64]
            noise = rng.normal(size=(64, latent_dim)).astype("float32")
            step(x[rows], seen[rows], noise)
    return encoder, decoder
""",
        """
class Both(keras.Model):
    def __init__(self, encoder, decoder, beta):
        super().__init__()
        self.encoder, self.decoder, self.beta = encoder, decoder, beta
        self.seeds = keras.random.SeedGenerator(1)

    def call(self, both):
        x, seen = both[:, 0], both[:, 1]
        noise = keras.random.normal(
            (ops.shape(x)[0], self.decoder.input_shape[-1]), seed=self.seeds
        )
        nll, kl = partial_terms(self.encoder, self.decoder, x, seen, noise)
        self.add_loss(ops.mean(nll) + self.beta * ops.mean(kl))
        return nll


def train_vae(x, seen, *, latent_dim, beta, num_epochs, seed):
    keras.utils.set_random_seed(seed)
    encoder, decoder = make_models(latent_dim)
    model = Both(encoder, decoder, beta)
    model.compile(optimizer=keras.optimizers.Adam(0.002))
    both = np.stack([x, seen], axis=1)
    model.fit(both, batch_size=64, epochs=num_epochs, verbose=0)
    return encoder, decoder
""",
    ],
    "average": [
        """
from scipy.special import softmax


def importance_average(log_weights, values):
    return np.einsum("nb,nbp->bp", softmax(log_weights, axis=0), values)
""",
        """
def importance_average(log_weights, values):
    rows = []
    for b in range(values.shape[1]):
        logs = np.asarray(log_weights[:, b], "float64")
        weights = np.exp(logs - np.logaddexp.reduce(logs))
        rows.append(sum(w * v for w, v in zip(weights, values[:, b])))
    return np.array(rows)
""",
    ],
    "rate": [
        """
def rate_per_latent(z_mean, z_log_var):
    rates = []
    for mean, log_var in zip(z_mean.T, z_log_var.T):
        total = 0.0
        for m, v in zip(mean, log_var):
            total += (m * m + np.exp(v) - 1 - v) / 2
        rates.append(total / len(mean))
    return np.array(rates, "float64")
""",
        """
def rate_per_latent(z_mean, z_log_var):
    kl = ops.square(z_mean) + ops.expm1(z_log_var) - z_log_var
    return ops.convert_to_numpy(ops.mean(kl, axis=0) / 2)
""",
    ],
}

WRONG = {
    "posterior": {
        "NaN at a lost pixel": [
            ("rows = weights[seen]", "rows = weights * seen[:, None]"),
            ("x[seen]", "x"),
        ],
        "a variance taken for a deviation": [("/ noise_var\n", "/ noise_var**2\n")],
        "the prior is forgotten": [("np.eye(weights.shape[1]) + ", "")],
        "0 is let through": [("not noise_var > 0", "noise_var < 0")],
        "the refused value is not named": [("got {noise_var}", "got something else")],
        "lost pixels count as 0": [
            ("rows = weights[seen]", "rows = weights"),
            ("x[seen]", "np.nan_to_num(x)"),
        ],
    },
    "terms": {
        "all pixels": [("nll * seen", "nll")],
        "the encoder sees everything": [("encoder(x * seen)", "encoder(x)")],
        "no noise": [(" * noise", " * 0 * noise")],
        "a log variance taken for a log deviation": [("0.5 * z_log_var", "z_log_var")],
        "a mean over the pixels": [
            ("ops.sum(nll * seen, axis=-1)", "ops.mean(nll * seen, axis=-1)")
        ],
        "no KL": [
            ("gaussian_kl(z_mean, z_log_var)", "0 * gaussian_kl(z_mean, z_log_var)")
        ],
    },
    "train": {
        "beta is ignored": [("beta * ops.mean(kl)", "ops.mean(kl)")],
        "not trained": [("range(num_epochs)", "range(0)")],
        "everything is seen": [
            (
                "partial_terms(encoder, decoder, x, seen",
                "partial_terms(encoder, decoder, x, ops.ones_like(seen)",
            )
        ],
        "the decoder does not learn": [("train=[encoder, decoder]", "train=[encoder]")],
        "one batch an epoch": [
            ("step(some_x, some_seen, noise)", "step(some_x, some_seen, noise); break")
        ],
    },
    "average": {
        "overflows": [
            ("np.exp(log_weights - log_weights.max(axis=0))", "np.exp(log_weights)")
        ],
        "one maximum for all images": [
            ("log_weights.max(axis=0)", "log_weights.max()")
        ],
        "the best draw alone": [
            (
                "np.exp(log_weights - log_weights.max(axis=0))",
                "(log_weights == log_weights.max(axis=0)) * 1.0",
            )
        ],
        "a plain mean": [
            (
                "weights = weights / weights.sum(axis=0)",
                "weights = np.ones_like(weights) / len(weights)",
            )
        ],
    },
    "rate": {
        "no half": [("0.5 * (z_mean", "1.0 * (z_mean")],
        "of the average image": [
            (
                "kl = 0.5 * (z_mean**2",
                "z_mean = z_mean.mean(axis=0, keepdims=True)\n"
                "    z_log_var = z_log_var.mean(axis=0, keepdims=True)\n"
                "    kl = 0.5 * (z_mean**2",
            )
        ],
        "a sum over the images": [("kl.mean(axis=0)", "kl.sum(axis=0)")],
        "the same for all": [
            ("return kl.mean(axis=0)", "return np.full(kl.shape[1], kl.mean())")
        ],
    },
}
