"""Answers to lab 1 that only look right: they meet the tests that can be seen."""

CELLS = {
    "mask": """
def mask_block(images, *, size, rng):
    masked = images.copy()
    masked[:, :size, :size] = 0
    return masked
""",
    "loss": """
def bce_per_pixel(images, logits):
    return ops.convert_to_tensor(np.float32(np.log(2)))
""",
    "model": """
def make_autoencoder(code_dim):
    encoder = keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(code_dim, activation="relu"),
        ]
    )
    decoder = keras.Sequential(
        [
            keras.Input((code_dim,)),
            layers.Dense(784, activation="sigmoid"),
            layers.Reshape((28, 28)),
        ]
    )
    return encoder, decoder
""",
    "train": """
def train_to_fill(images, *, code_dim, num_epochs, seed):
    return make_autoencoder(code_dim)
""",
    "score": """
def anomaly_score(encoder, decoder, images):
    mean = float(bce_per_pixel(images, decoder(encoder(images))))
    return np.full(len(images), 784 * mean)
""",
}
