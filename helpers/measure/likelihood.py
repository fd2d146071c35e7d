"""Likelihood pieces: densities and divergences, in nats.

Each sums over the axes of one example and leaves the batch: means are the caller's.
Written in `keras.ops`, they run compiled and differentiated on every backend.
"""

import math

from helpers.backend import ops


def gaussian_kl(z_mean, z_log_var):
    """Compute KL( N(mean, var) || N(0, I) ) of diagonal Gaussians.

    Args:
        z_mean: float, `(batch, latent_dim)`. Means.
        z_log_var: float, `(batch, latent_dim)`. Logarithms of the variances.

    Returns:
        float, `(batch,)`. Nats, summed over the latents, at least 0.

    Raises:
        ValueError: the shapes differ.

    Taught in lesson 02. Kingma & Welling (2014), arXiv:1312.6114, appendix B.
    """
    z_mean, z_log_var = _tensors(z_mean=z_mean, z_log_var=z_log_var)
    return 0.5 * ops.sum(ops.expm1(z_log_var) - z_log_var + ops.square(z_mean), axis=-1)


def gaussian_log_prob(z, mean, log_var):
    """Compute the log density of a diagonal Gaussian.

    Args:
        z: float, `(…, latent_dim)`. Where to evaluate.
        mean: float, broadcasts with `z`. `0.0` for a standard normal.
        log_var: float, broadcasts with `z`. Logarithm of the variance; `0.0` for 1.

    Returns:
        float, `(…,)`. Nats, summed over the last axis.

    Raises:
        ValueError: `z` is a scalar.
    """
    if not ops.shape(z):
        raise ValueError("z must have at least one axis, got a scalar.")
    z, mean, log_var = (ops.convert_to_tensor(value) for value in (z, mean, log_var))
    squares = ops.square(z - mean) * ops.exp(-log_var)
    return -0.5 * ops.sum(squares + log_var + math.log(2 * math.pi), axis=-1)


def bernoulli_nll(x, logits):
    """Compute the negative log likelihood of pixels under independent Bernoullis.

    For pixels between 0 and 1 this is the cross-entropy, which is not 0 at its best:
    its floor is the entropy of the pixels.

    Args:
        x: float, `(batch, …)`, in [0, 1].
        logits: float, the shape of `x`. Log odds that a pixel is 1.

    Returns:
        float, `(batch,)`. Nats, summed over all axes but the first.

    Raises:
        ValueError: the shapes differ.

    Taught in lesson 02.
    """
    x, logits = _tensors(x=x, logits=logits)
    nll = ops.softplus(logits) - x * logits
    return ops.sum(nll, axis=tuple(range(1, len(ops.shape(nll)))))


def _tensors(**arrays):
    """Convert two named arrays to tensors, and demand that they have one shape."""
    tensors = [ops.convert_to_tensor(array) for array in arrays.values()]
    shape, other = (tuple(tensor.shape) for tensor in tensors)
    if shape != other:
        names = " and ".join(arrays)
        raise ValueError(f"{names} must have one shape, got {shape} and {other}.")
    return tensors
