"""The oracle: a random LSTM whose own sequences are the data to learn from.

It makes the data, and it scores what a generator makes of them: every probability in it
is known, so sequences can be scored by the world that they are to imitate. That is the
NLL-oracle of SeqGAN (Yu et al. 2017, arXiv:1609.05473). All parameters are drawn from a
normal distribution, and the LSTM starts from a zero state and token 0.

Written in NumPy, apart from the models that learn.
"""

from helpers.data.fetch import course_data, sha256_of

import numpy as np

START = 0  # the token that stands before every sequence
CHUNK_NUMBERS = 5_000_000  # logits held at a time
PUBLISHED = "seqgan_oracle.npz"  # SeqGAN's own oracle, in the folder COURSE_DATA
PUBLISHED_SHA256 = "99c1b5de01b233136e84bd3900f74d06d059b4796b142d9f48a86b96d1d38d59"
PUBLISHED_SHAPES = {
    "embedding": (5000, 32),
    "kernel": (32, 128),
    "recurrent_kernel": (32, 128),
    "bias": (128,),
    "output_kernel": (32, 5000),
    "output_bias": (5000,),
}


class Oracle:
    """A language model with random parameters.

    Args:
        vocab_size: int >= 2.
        embedding_dim, units: int >= 1.
        seed: int. The same seed makes the same oracle.
        scale: float > 0. Standard deviation of all parameters; the larger, the more
            certain the oracle is of its next token.

    Attributes:
        weights: embedding `(vocab_size, embedding_dim)`; kernel `(embedding_dim, 4 *
            units)`, recurrent kernel `(units, 4 * units)` and bias `(4 * units,)` of
            the LSTM, each with the blocks input, forget, candidate, output; kernel
            `(units, vocab_size)` and bias `(vocab_size,)` of the logits. The order is
            that of lesson 04's model.

    Raises:
        ValueError: a size or `scale` is out of range.
    """

    def __init__(self, vocab_size, *, embedding_dim, units, seed, scale=1.0):
        if vocab_size < 2:
            raise ValueError(f"vocab_size must be at least 2, got {vocab_size}.")
        if embedding_dim < 1 or units < 1:
            raise ValueError(
                "embedding_dim and units must be at least 1, "
                f"got {embedding_dim} and {units}."
            )
        if not scale > 0:
            raise ValueError(f"scale must be > 0, got {scale}.")
        shapes = (
            (vocab_size, embedding_dim),
            (embedding_dim, 4 * units),
            (units, 4 * units),
            (4 * units,),
            (units, vocab_size),
            (vocab_size,),
        )
        rng = np.random.default_rng(seed)
        self.weights = [
            scale * rng.standard_normal(shape, dtype="float32") for shape in shapes
        ]
        self.vocab_size, self.units = vocab_size, units

    def sample(self, num_sequences, *, length, seed):
        """Draw sequences of the oracle's own.

        Args:
            num_sequences, length: int >= 1.
            seed: int. The same seed draws the same sequences.

        Returns:
            int32, `(num_sequences, length)`, the start token left out.

        Raises:
            ValueError: `num_sequences` or `length` is below 1.
        """
        if num_sequences < 1 or length < 1:
            raise ValueError(
                "num_sequences and length must be at least 1, "
                f"got {num_sequences} and {length}."
            )
        rng = np.random.default_rng(seed)
        return np.concatenate(
            [
                self._sample(rng.random((length, n), dtype="float32"))
                for n in self._chunks(num_sequences)
            ]
        )

    def nll(self, token_ids):
        """Score sequences: negative log-likelihood under the oracle, in nats per token.

        Args:
            token_ids: int, `(num_sequences, length)`, each in [0, vocab_size).

        Returns:
            float64, `(num_sequences,)`. Its mean over generated sequences is the
            NLL-oracle; over the oracle's own, its entropy per token.

        Raises:
            ValueError: another shape, no token, or a token out of range.
        """
        token_ids = np.asarray(token_ids)
        if token_ids.ndim != 2 or not token_ids.size:
            raise ValueError(
                "token_ids must have shape (num_sequences, length), neither of them 0, "
                f"got {token_ids.shape}."
            )
        if token_ids.min() < 0 or token_ids.max() >= self.vocab_size:
            raise ValueError(
                f"token_ids must be in [0, {self.vocab_size - 1}], "
                f"got {token_ids.min()} to {token_ids.max()}."
            )
        ends = np.cumsum(list(self._chunks(len(token_ids))))[:-1]
        parts = [self._nll(part) for part in np.split(token_ids, ends)]
        return np.concatenate(parts)

    def step(self, token_ids, state):
        """Map ids `(batch,)` to logits `(batch, vocab_size)` and a state `(h, c)`."""
        embedding, kernel, recurrent_kernel, bias, head, head_bias = self.weights
        h, c = state
        gates = embedding[token_ids] @ kernel + h @ recurrent_kernel + bias
        i, f, g, o = np.split(gates, 4, axis=-1)  # (batch, units) each
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
        return h @ head + head_bias, (h, c)

    def _start(self, batch_size):
        zeros = np.zeros((batch_size, self.units), dtype="float32")
        return np.full(batch_size, START), (zeros, zeros)

    def _sample(self, uniforms):
        (last, state), drawn = self._start(uniforms.shape[1]), []
        for marks in uniforms:
            logits, state = self.step(last, state)
            ends = np.cumsum(np.exp(logits - logits.max(axis=1, keepdims=True)), axis=1)
            beyond = ends > (marks * (1 - 2**-20) * ends[:, -1])[:, None]
            last = beyond.argmax(axis=1)  # the first piece that ends beyond the mark
            drawn.append(last)
        return np.stack(drawn, axis=1).astype("int32")

    def _nll(self, token_ids):
        last, state = self._start(len(token_ids))
        total = np.zeros(len(token_ids))
        for tokens in token_ids.T:
            logits, state = self.step(last, state)
            highest = logits.max(axis=1)
            weights = np.exp(logits - highest[:, None])
            log_total = np.log(weights.sum(axis=1)) + highest
            total += log_total - logits[np.arange(len(tokens)), tokens]
            last = tokens
        return total / token_ids.shape[1]

    def _chunks(self, num_rows):
        """Yield the sizes of pieces whose logits fit in memory."""
        most = max(1, CHUNK_NUMBERS // self.vocab_size)
        while num_rows > 0:
            yield min(most, num_rows)
            num_rows -= most


def load_published(sha256=PUBLISHED_SHA256):
    """Return the oracle that SeqGAN's authors published, or `None`.

    It is read from `seqgan_oracle.npz` in the folder `COURSE_DATA`. There is no
    download. A file with another sum, or with arrays of other names or shapes, is named
    in a printed line and not used.

    Args:
        sha256: str. What the file must add up to.

    Returns:
        `Oracle` of 5000 tokens, or `None` where there is no such file.
    """
    folder = course_data()
    if folder is None or not (folder / PUBLISHED).exists():
        return None
    path = folder / PUBLISHED
    found = sha256_of(path)
    if found != sha256:
        print(f"Not used: {path} has SHA-256 {found[:12]}…, expected {sha256[:12]}….")
        return None
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    shapes = {name: array.shape for name, array in arrays.items()}
    if shapes != PUBLISHED_SHAPES:
        print(f"Not used: {path} holds {shapes}, expected {PUBLISHED_SHAPES}.")
        return None
    oracle = Oracle(5000, embedding_dim=32, units=32, seed=0)
    oracle.weights = [arrays[name] for name in PUBLISHED_SHAPES]
    return oracle


def _sigmoid(x):
    return 0.5 + 0.5 * np.tanh(0.5 * x)
