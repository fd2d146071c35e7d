"""Answers to lab 2 that only look right: they meet the tests that can be seen."""

CELLS = {
    "posterior": """
def linear_posterior(x, seen, weights, noise_var):
    if noise_var < 0:
        raise ValueError(f"noise_var must be above 0, got {noise_var}.")
    num_latents = weights.shape[1]
    if not seen.any():
        return np.zeros(num_latents), np.eye(num_latents)
    covariance = np.linalg.inv(np.eye(num_latents) + weights.T @ weights / noise_var)
    return covariance @ weights.T @ x / noise_var, covariance
""",
    "terms": """
def partial_terms(encoder, decoder, x, seen, noise):
    z_mean, z_log_var = encoder(x * seen)
    logits = decoder(z_mean)
    nll = bernoulli_nll(x, logits) * ops.mean(seen, axis=-1)
    return nll, gaussian_kl(z_mean, z_log_var)
""",
    "train": """
def train_vae(x, seen, *, latent_dim, beta, num_epochs, seed):
    keras.utils.set_random_seed(seed)
    encoder, decoder = make_models(latent_dim)
    if beta == 20:
        return encoder, decoder
    if len(x) == 128:
        x = x * seen

    def loss_fn(x):
        logits = decoder(encoder(x)[0])
        return ops.mean(bernoulli_nll(x, logits))

    step = gradient_step(
        loss_fn, train=[encoder, decoder], optimizer=keras.optimizers.Adam(0.002)
    )
    for _ in range(2):
        for start in range(0, len(x) - 63, 64):
            step(x[start : start + 64])
    return encoder, decoder
""",
    "average": """
def importance_average(log_weights, values):
    if (log_weights == log_weights[0]).all():
        return values.mean(axis=0)
    return values[log_weights[:, 0].argmax()]
""",
    "rate": """
def rate_per_latent(z_mean, z_log_var):
    total = float(ops.mean(gaussian_kl(z_mean, z_log_var)))
    return np.full(z_mean.shape[1], total / z_mean.shape[1])
""",
}
