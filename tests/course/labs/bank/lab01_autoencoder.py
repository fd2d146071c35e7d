"""Answers to lab 1: right ones of several kinds, and wrong ones, each for one reason.

A wrong one is code, or pairs of texts to be replaced in the model answer.
"""

RIGHT = {
    "mask": [
        """
def mask_block(images, *, size, rng):
    num, height, width = images.shape
    top = rng.integers(height - size + 1, size=num)[:, None, None]
    left = rng.integers(width - size + 1, size=num)[:, None, None]
    row, column = np.arange(height)[:, None], np.arange(width)
    inside = (row >= top) & (row < top + size)
    inside = inside & (column >= left) & (column < left + size)
    return np.where(inside, 0.0, images)
""",
        """
import copy


def mask_block(images, *, size, rng):
    masked = copy.deepcopy(np.asarray(images, dtype="float64"))
    for i in range(len(masked)):
        r = int(rng.choice(28 - size + 1))
        c = int(rng.choice(28 - size + 1))
        for y in range(r, r + size):
            masked[i, y, c : c + size] *= 0
    return masked.astype(images.dtype)
""",
    ],
    "loss": [
        """
def bce_per_pixel(images, logits):
    return ops.mean(ops.softplus(logits) - images * logits)
""",
        """
from keras.losses import BinaryCrossentropy


def bce_per_pixel(images, logits):
    return BinaryCrossentropy(from_logits=True)(images, logits)
""",
    ],
    "model": [
        """
def make_autoencoder(code_dim):
    x = keras.Input((28, 28))
    h = layers.Dense(128, activation="relu")(layers.Flatten()(x))
    encoder = keras.Model(x, layers.Dense(code_dim)(h))
    z = keras.Input((code_dim,))
    h = layers.Dense(128, activation="relu")(z)
    decoder = keras.Model(z, layers.Reshape((28, 28))(layers.Dense(784)(h)))
    return encoder, decoder
""",
        """
def make_autoencoder(code_dim):
    encoder, decoder = keras.Sequential(), keras.Sequential()
    encoder.add(layers.Reshape((784,), input_shape=(28, 28)))
    encoder.add(layers.Dense(128, activation=ops.relu))
    encoder.add(layers.Dense(code_dim, activation=None))
    decoder.add(layers.Dense(128, activation=ops.relu, input_shape=(code_dim,)))
    decoder.add(layers.Dense(784, activation="linear"))
    decoder.add(layers.Reshape((28, 28)))
    return encoder, decoder
""",
    ],
    "train": [
        """
def train_to_fill(images, *, code_dim, num_epochs, seed):
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    encoder, decoder = make_autoencoder(code_dim)
    x = keras.Input((28, 28))
    whole = keras.Model(x, decoder(encoder(x)))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    whole.compile(optimizer=keras.optimizers.Adam(0.002), loss=loss)
    for _ in range(num_epochs):
        masked = mask_block(images, size=10, rng=rng)
        whole.fit(masked, images, batch_size=64, epochs=1, verbose=0)
    return encoder, decoder
""",
        """
def train_to_fill(images, *, code_dim, num_epochs, seed):
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    encoder, decoder = make_autoencoder(code_dim)
    step = gradient_step(
        lambda x, y: ops.mean(ops.softplus(decoder(encoder(x)))
                              - y * decoder(encoder(x))),
        train=[encoder, decoder],
        optimizer=keras.optimizers.Adam(learning_rate=2e-3),
    )
    for epoch in range(num_epochs):
        order = rng.permutation(len(images))
        for start in range(0, len(order) - 63, 64):
            y = images[order[start : start + 64]]
            step(mask_block(y, size=10, rng=rng), y)
    return encoder, decoder
""",
    ],
    "score": [
        """
def anomaly_score(encoder, decoder, images):
    scores = []
    for i in range(len(images)):
        image = images[i : i + 1]
        scores.append(784 * float(bce_per_pixel(image, decoder(encoder(image)))))
    return np.array(scores)
""",
        """
from scipy.special import log1p


def anomaly_score(encoder, decoder, images):
    x = np.asarray(images, "float64")
    a = ops.convert_to_numpy(decoder(encoder(images))).astype("float64")
    nats = np.where(a > 0, a, 0) - a * x + log1p(np.exp(-np.abs(a)))
    return nats.reshape(len(x), -1).sum(-1)
""",
    ],
}

WRONG = {
    "mask": {
        "the corner is the image's number": """
def mask_block(images, *, size, rng):
    masked = images.copy()
    for i, image in enumerate(masked):
        corner = i % (29 - size)
        image[corner : corner + size, corner : corner + size] = 0
    return masked
""",
        "one corner for all": [
            ("size=(len(images), 2), endpoint=True)", "size=(1, 2), endpoint=True)"),
            (
                "in zip(masked, corners, strict=True)",
                "in zip(masked, list(corners) * len(masked))",
            ),
        ],
        "row and column are the same": [
            (
                "image[row : row + size, column",
                "column = row; image[row : row + size, column",
            ),
        ],
        "a generator of its own": [
            ("rng.integers", "np.random.default_rng(3).integers"),
        ],
        "the last place is left out": [(", endpoint=True", "")],
        "the images passed in are changed": [("images.copy()", "images")],
        "half of the square": [
            ("column : column + size] = 0", "column : column + size // 2] = 0")
        ],
    },
    "loss": {
        "overflows": """
def bce_per_pixel(images, logits):
    return ops.mean(ops.log(1 + ops.exp(logits)) - images * logits)
""",
        "a sum": [("ops.mean(", "ops.sum(")],
        "clipped": """
def bce_per_pixel(images, logits):
    p = ops.clip(ops.sigmoid(logits), 1e-7, 1 - 1e-7)
    return ops.mean(-images * ops.log(p) - (1 - images) * ops.log(1 - p))
""",
        "the wrong sign": [("- logits * images", "+ logits * images")],
        "squared error": """
def bce_per_pixel(images, logits):
    return ops.mean(ops.square(images - logits)) + np.log(2)
""",
    },
    "model": {
        "a code that is never negative": [
            ("layers.Dense(code_dim)", "layers.Dense(code_dim, activation='relu')"),
        ],
        "probabilities instead of logits": [
            ("layers.Dense(28 * 28)", "layers.Dense(28 * 28, activation='sigmoid')"),
        ],
        "a code of fixed size": [("layers.Dense(code_dim)", "layers.Dense(12)")],
        "flat logits": [("            layers.Reshape((28, 28)),\n", "")],
    },
    "train": {
        "the target is the masked image": [
            ("bce_per_pixel(whole,", "bce_per_pixel(masked,")
        ],
        "not trained": [("range(num_epochs)", "range(0)")],
        "only the decoder learns": [("train=[encoder, decoder]", "train=[decoder]")],
        "a learning rate far too small": [("Adam(0.002)", "Adam(0.00001)")],
        "climbs": [("return bce_per_pixel", "return -bce_per_pixel")],
        "one step an epoch": [
            (
                "step(mask_block(whole, size=10, rng=rng), whole)",
                "step(mask_block(whole, size=10, rng=rng), whole); break",
            ),
        ],
    },
    "score": {
        "a mean": [("ops.sum(nats", "ops.mean(nats")],
        "one number for all": [
            (
                "ops.sum(nats, axis=(1, 2))",
                "ops.broadcast_to(ops.sum(nats) / len(images), (len(images),))",
            )
        ],
        "smaller is stranger": [
            (
                "ops.sum(nats, axis=(1, 2))",
                "2 * ops.sum(nats) / len(images) - ops.sum(nats, axis=(1, 2))",
            )
        ],
        "squared error": [
            (
                "nats = nats + ops.log1p(ops.exp(-ops.abs(logits)))",
                "nats = ops.square(ops.sigmoid(logits) - images)",
            )
        ],
    },
}
