"""Sample metrics: how near generated samples come to real ones.

Everything here is NumPy on feature vectors, one row a sample; for images of digits they
come from `digit_features` of `helpers.measure.digit_network`. That network has seen
digits alone: compare its figures among digit models, not with those of Inception
networks.
"""

import numpy as np

CHUNK = 1000  # rows of a distance matrix held at once


def fid(real_features, fake_features):
    """Compute the Fréchet distance between Gaussians fitted to two sets of features.

        |m₁ − m₂|² + tr(C₁ + C₂ − 2 (C₁ C₂)^½)

    The estimate is biased upwards by about a constant over the number of samples: two
    sets from one distribution do not give 0. Compare only figures of equal sample
    numbers, and report the floor beside them: the FID of one half of the real data
    against the other.

    Args:
        real_features: float, `(N, D)`, N > D.
        fake_features: float, `(M, D)`, M > D.

    Returns:
        float, at least 0, in squared units of the features.

    Raises:
        ValueError: not two matrices of finite numbers with equal D, or too few rows for
            a covariance.

    Heusel et al. (2017), arXiv:1706.08500, equation 6. Bias: Chong & Forsyth (2020),
    arXiv:1911.07023.
    """
    real, fake = _check_features(real_features, fake_features)
    num_features = real.shape[1]
    if min(len(real), len(fake)) <= num_features:
        raise ValueError(
            f"fid needs more samples than the {num_features} features, "
            f"got {len(real)} and {len(fake)}."
        )
    gap = real.mean(axis=0) - fake.mean(axis=0)
    cov_real = np.atleast_2d(np.cov(real, rowvar=False))
    cov_fake = np.atleast_2d(np.cov(fake, rowvar=False))
    # C₁C₂ has the eigenvalues of the symmetric C₁^½ C₂ C₁^½, whose roots are stable.
    values, vectors = np.linalg.eigh(cov_real)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    product = np.linalg.eigvalsh(root @ cov_fake @ root)
    trace_root = np.sqrt(np.maximum(product, 0)).sum()
    distance = gap @ gap + np.trace(cov_real) + np.trace(cov_fake) - 2 * trace_root
    return float(max(distance, 0.0))  # below 0 by rounding alone


def kid(real_features, fake_features, *, num_subsets=50, subset_size=1000, seed):
    """Estimate the kernel distance: squared MMD with the kernel (x·y / D + 1)³.

    Unbiased, unlike `fid`: two sets from one distribution give 0 on average, so the
    estimate may fall below 0, and it is comparable between numbers of samples.

    Args:
        real_features: float, `(N, D)`.
        fake_features: float, `(M, D)`.
        num_subsets: int >= 1. Pairs of random subsets to average over.
        subset_size: int >= 2. Rows of a subset; the smaller of N and M at most.
        seed: int. Draws the subsets.

    Returns:
        float. Mean over the subsets.

    Raises:
        ValueError: not two matrices of finite numbers with equal D, or a number out of
            range.

    Bińkowski et al. (2018), arXiv:1801.01401. The estimator is equation 3 of Gretton et
    al. (2012), JMLR 13.
    """
    real, fake = _check_features(real_features, fake_features)
    size = min(subset_size, len(real), len(fake))
    if num_subsets < 1 or size < 2:
        raise ValueError(
            "kid needs num_subsets of at least 1, and 2 rows in each subset, "
            f"got {num_subsets} and {size}."
        )

    def kernel(a, b):
        return (a @ b.T / a.shape[1] + 1) ** 3

    def mean_of_pairs(gram):
        return (gram.sum() - np.trace(gram)) / (size * (size - 1))

    rng = np.random.default_rng(seed)
    estimates = []
    for _ in range(num_subsets):
        x = real[rng.choice(len(real), size, replace=False)]
        y = fake[rng.choice(len(fake), size, replace=False)]
        within = mean_of_pairs(kernel(x, x)) + mean_of_pairs(kernel(y, y))
        estimates.append(within - 2 * kernel(x, y).mean())
    return float(np.mean(estimates))


def precision_recall_density_coverage(real_features, fake_features, *, k=5):
    """Measure how good, and how varied, samples are, by nearest neighbours.

    Each sample stands for a ball that reaches to its k-th nearest neighbour in its own
    set. Precision and density ask of each fake whether it is like something real;
    recall and coverage ask of each real whether there is a fake like it.

    Args:
        real_features: float, `(N, D)`, N > k.
        fake_features: float, `(M, D)`, M > k.
        k: int >= 1. Neighbours.

    Returns:
        dict of floats:
        `precision`, fraction of fakes inside a ball of a real;
        `recall`, fraction of reals inside a ball of a fake;
        `density`, balls of reals around a fake, over k (may exceed 1);
        `coverage`, fraction of reals with a fake inside their ball.

    Raises:
        ValueError: not two matrices of finite numbers with equal D, or `k` out of
            range.

    Precision, recall: Kynkäänniemi et al. (2019), arXiv:1904.06991, equations 1 and 2.
    Density, coverage: Naeem et al. (2020), arXiv:2002.09797, equations 5 and 6.
    """
    real, fake = _check_features(real_features, fake_features)
    if not 1 <= k < min(len(real), len(fake)):
        raise ValueError(
            "k must be at least 1 and below the number of samples, "
            f"got {k} with {len(real)} and {len(fake)}."
        )
    real_radii, fake_radii = _squared_radii(real, k), _squared_radii(fake, k)
    num_balls = np.zeros(len(fake))  # of reals, around each fake
    is_recalled = np.zeros(len(real), dtype=bool)
    nearest = np.full(len(real), np.inf)  # squared distance to a fake
    for rows in _chunks(len(fake)):
        squares = _squared_distances(fake[rows], real)  # (chunk, N)
        num_balls[rows] = np.sum(squares <= real_radii, axis=1)
        is_recalled |= np.any(squares <= fake_radii[rows, None], axis=0)
        nearest = np.minimum(nearest, squares.min(axis=0))
    return {
        "precision": float(np.mean(num_balls > 0)),
        "recall": float(np.mean(is_recalled)),
        "density": float(np.mean(num_balls) / k),
        "coverage": float(np.mean(nearest <= real_radii)),
    }


def class_kl(probs_or_labels, *, num_classes=10):
    """Compute the divergence of the classes' frequencies from equal ones.

    Args:
        probs_or_labels: float, `(N, num_classes)`, class probabilities of each sample,
            which are averaged; or int, `(N,)`, labels, which are counted.
        num_classes: int >= 1.

    Returns:
        float. KL( frequencies || uniform ) in nats, from 0 (all equally frequent) to
        ln(num_classes) (one class alone).

    Raises:
        ValueError: another shape, labels out of range, or rows that do not sum to 1.
    """
    frequencies = _check_classes(probs_or_labels, num_classes).mean(axis=0)
    present = frequencies[frequencies > 0]
    return float(np.sum(present * np.log(present * num_classes)))


def classes_covered(probs_or_labels, *, num_classes=10, min_fraction=0.01):
    """Count the classes that samples fall into.

    Args:
        probs_or_labels: float, `(N, num_classes)`, class probabilities of each sample,
            of which the largest counts; or int, `(N,)`, labels.
        num_classes: int >= 1.
        min_fraction: float in [0, 1]. Share of the samples that a class must have, so
            that a few misread ones do not count as a class.

    Returns:
        int, 0 to `num_classes`.

    Raises:
        ValueError: another shape, labels out of range, rows that do not sum to 1, or
            `min_fraction` out of range.
    """
    if not 0 <= min_fraction <= 1:
        raise ValueError(f"min_fraction must be in [0, 1], got {min_fraction}.")
    labels = _check_classes(probs_or_labels, num_classes).argmax(axis=1)
    counts = np.bincount(labels, minlength=num_classes)
    return int(np.sum((counts > 0) & (counts >= min_fraction * len(labels))))


def _check_features(*sets):
    """Return both sets as float64, or say what is wrong."""
    real, fake = (np.asarray(features, dtype="float64") for features in sets)
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise ValueError(
            "features must be two matrices (N, D) and (M, D), "
            f"got shapes {real.shape} and {fake.shape}."
        )
    for name, features in (("real", real), ("fake", fake)):
        if not len(features):
            raise ValueError(f"{name} features have no rows.")
        if not np.all(np.isfinite(features)):
            raise ValueError(f"{name} features must be finite, got NaN or infinity.")
    return real, fake


def _check_classes(probs_or_labels, num_classes):
    """Return class probabilities `(N, num_classes)`; labels become ones and zeros."""
    given = np.asarray(probs_or_labels)
    if given.ndim == 1 and len(given) and np.issubdtype(given.dtype, np.integer):
        if given.min() < 0 or given.max() >= num_classes:
            raise ValueError(
                f"labels must be in [0, {num_classes - 1}], "
                f"got {given.min()} to {given.max()}."
            )
        return np.eye(num_classes)[given]
    if given.ndim != 2 or given.shape[1] != num_classes or not len(given):
        raise ValueError(
            f"expected probabilities (N, {num_classes}) or integer labels (N,), "
            f"got {given.dtype} {given.shape}."
        )
    if not (np.all(given >= 0) and np.allclose(given.sum(axis=1), 1, atol=1e-3)):
        raise ValueError("each row of probabilities must be >= 0 and sum to 1.")
    return given


def _chunks(num_rows):
    """Cut rows into slices, so that no full distance matrix is held."""
    return [slice(start, start + CHUNK) for start in range(0, num_rows, CHUNK)]


def _squared_distances(a, b):
    """Squared distances between rows, `(len(a), len(b))`."""
    squares = a @ (-2 * b.T)
    squares += np.square(a).sum(axis=1)[:, None]
    squares += np.square(b).sum(axis=1)
    return np.maximum(squares, 0, out=squares)


def _squared_radii(features, k):
    """Squared distance of each row to its k-th nearest other row, `(N,)`."""
    radii = np.empty(len(features))
    for rows in _chunks(len(features)):
        squares = _squared_distances(features[rows], features)
        # The row itself is the nearest of all, at 0, so the k-th other has index k.
        radii[rows] = np.partition(squares, k, axis=1)[:, k]
    return radii
