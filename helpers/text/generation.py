"""Writing with a language model: draw the next token, and again, in one graph.

Taught in lesson 04; lessons 05 and 06 use it with their own models.
"""

import math

from helpers.backend import ops
from helpers.train.step import compiled

import numpy as np

REMOVED = -1e9  # a logit that no draw reaches; finite, since 0 * -inf is NaN


def filter_logits(logits, *, temperature=1.0, top_k=None, top_p=None):
    """Return the logits that a draw uses: divided, and cut to the likeliest tokens.

    Args:
        logits: float, `(..., vocab_size)`. Unnormalised log-probabilities.
        temperature: float > 0. Divides the logits: below 1 sharpens, above 1 flattens.
        top_k: int in [1, vocab_size] or `None`. Keep the `top_k` likeliest tokens. 1 is
            greedy decoding. Tokens that tie with the last one kept are kept too.
        top_p: float in (0, 1] or `None`. Keep the smallest set of likeliest tokens
            whose probabilities, after temperature and `top_k`, add up to `top_p`.

    Returns:
        float, `(..., vocab_size)`. Removed tokens have -1e9.

    Raises:
        ValueError: a knob is out of range.

    Top-k: Fan et al. (2018), arXiv:1805.04833. Top-p, also called nucleus sampling:
    Holtzman et al. (2020), arXiv:1904.09751.
    """
    _check_temperature(temperature)
    return _filter(ops.convert_to_tensor(logits), temperature, top_k, top_p)


def _filter(logits, temperature, top_k, top_p):
    """Do the work of `filter_logits`; `temperature` may be a tensor."""
    vocab_size = logits.shape[-1]
    if top_k is not None and not 1 <= top_k <= vocab_size:
        raise ValueError(f"top_k must be in [1, {vocab_size}], got {top_k}.")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p must be in (0, 1], got {top_p}.")
    logits = logits / temperature
    if top_k is not None:
        kept, _ = ops.top_k(logits, k=top_k)  # (..., k), falling
        logits = ops.where(logits < kept[..., -1:], REMOVED, logits)
    if top_p is not None and top_p < 1:
        falling = ops.flip(ops.sort(logits, axis=-1), axis=-1)
        probs = ops.softmax(falling, axis=-1)
        before = ops.cumsum(probs, axis=-1) - probs  # mass of the likelier tokens
        last = ops.sum(ops.cast(before < top_p, "int32"), axis=-1, keepdims=True) - 1
        threshold = ops.take_along_axis(falling, last, axis=-1)  # (..., 1)
        logits = ops.where(logits < threshold, REMOVED, logits)
    return logits


def invert_cdf(logits, uniforms):
    """Turn a uniform number per row into a token id.

    Lay the tokens' probabilities end to end on [0, 1); the token whose piece holds the
    number is drawn, so each one is drawn with its probability.

    Args:
        logits: float, `(batch, vocab_size)`.
        uniforms: float, `(batch,)`, in [0, 1).

    Returns:
        int32, `(batch,)`.
    """
    logits, uniforms = map(ops.convert_to_tensor, (logits, uniforms))
    weights = ops.exp(logits - ops.max(logits, axis=-1, keepdims=True))
    vocab_size = logits.shape[-1]
    width = _block_width(vocab_size)
    if width == vocab_size:
        return _locate(weights, uniforms * ops.sum(weights, axis=-1))[0]
    # Adding up a long row is slow: first find the block of tokens, then the token.
    num_blocks = vocab_size // width
    blocks = ops.reshape(weights, (-1, width))  # (batch * num_blocks, width)
    sums = ops.reshape(ops.sum(blocks, axis=-1), (-1, num_blocks))
    block, marks = _locate(sums, uniforms * ops.sum(sums, axis=-1))
    rows = ops.arange(ops.shape(block)[0], dtype="int32") * num_blocks + block
    within, _ = _locate(ops.take(blocks, rows, axis=0), marks)
    return block * width + within


def _locate(weights, marks):
    """Find the piece in which each mark lies, and how far in.

    `weights` is `(batch, num_pieces)`, their lengths; `marks` is `(batch,)`. Returns
    the index of the piece, int32 `(batch,)`, and the mark measured from its start.
    """
    ends = ops.cumsum(weights, axis=-1)
    marks = ops.minimum(marks, ends[:, -1] * (1 - 2**-20))  # stays below the end
    # The first piece that ends beyond the mark; it cannot be an empty one.
    index = ops.sum(ops.cast(ends <= ops.expand_dims(marks, -1), "int32"), axis=-1)
    starts = ops.take_along_axis(ends - weights, ops.expand_dims(index, -1), axis=-1)
    return index, ops.maximum(marks - starts[:, 0], 0.0)


def _block_width(vocab_size):
    """Return the block of tokens that `invert_cdf` looks at: near the square root."""
    if vocab_size < 512:
        return vocab_size
    return next(w for w in range(math.isqrt(vocab_size), 0, -1) if vocab_size % w == 0)


def make_generator(step, *, uses=(), top_k=None, top_p=None, jit_compile=False):
    """Compile the loop that writes text with any model that reads token by token.

    Args:
        step: function `(token_ids, state) -> (logits, state)`, written in `keras.ops`.
            `token_ids` is int32 `(batch,)`, one token per row; `logits` is float
            `(batch, vocab_size)`, for the token after it. `state` is a tensor or a
            nested list, tuple or dict of tensors, of equal shapes and dtypes in and
            out: an RNN's hidden state, or a transformer's keys, values and position.
        uses: list of the models and variables that `step` reads.
        top_k, top_p: as in `filter_logits`.
        jit_compile: bool. Compile with XLA (TensorFlow; JAX always does).

    Returns:
        `generate(prompt_ids, state, *, num_tokens, seed, temperature=1.0,
        prompt_lengths=None)`, which returns `(token_ids, state)`:

        - `prompt_ids`: int, `(batch, prompt_length)`, many prompts at once.
        - `state`: the state before the first token of the prompts.
        - `num_tokens`: int >= 1. How many tokens to write after the longest prompt.
        - `seed`: int. The same seed writes the same text.
        - `temperature`: float > 0; changing it compiles nothing anew.
        - `prompt_lengths`: int, `(batch,)`, where prompts of unequal length are padded
          on the right with anything; a shorter one goes on writing at its own end.
        - `token_ids`: NumPy int32, `(batch, prompt_length + num_tokens)`, the prompts
          and what was written.
        - the state returned has read all of them but the last token.

    Raises:
        ValueError: (from `generate`) a knob or a shape is out of range.

    The random numbers are drawn before the loop, one a token; nothing in it is random,
    which is why the same code compiles on every backend.
    """

    def loop(tokens, lengths, uniforms, temperature, state):
        """Fill in `tokens`, `(total, batch)`, one row after the other."""

        def body(t, tokens, state):
            logits, state = step(tokens[t], state)
            logits = _filter(logits, temperature, top_k, top_p)
            drawn = invert_cdf(logits, uniforms[t])
            following = ops.where(t + 1 < lengths, tokens[t + 1], drawn)  # (batch,)
            tokens = ops.slice_update(tokens, [t + 1, 0], following[None])
            return t + 1, tokens, state

        _, tokens, state = ops.while_loop(
            lambda t, *_: t + 1 < ops.shape(tokens)[0],
            body,
            (ops.convert_to_tensor(0), tokens, state),
        )
        return tokens, state

    run = compiled(loop, uses=uses, jit_compile=jit_compile)

    def generate(
        prompt_ids, state, *, num_tokens, seed, temperature=1.0, prompt_lengths=None
    ):
        prompt_ids = np.asarray(prompt_ids, dtype="int32")
        if prompt_ids.ndim != 2 or not prompt_ids.size:
            raise ValueError(
                "prompt_ids must have shape (batch, prompt_length), neither of them 0, "
                f"got {prompt_ids.shape}."
            )
        if num_tokens < 1:
            raise ValueError(f"num_tokens must be at least 1, got {num_tokens}.")
        _check_temperature(temperature)
        batch_size, prompt_length = prompt_ids.shape
        if prompt_lengths is None:
            prompt_lengths = np.full(batch_size, prompt_length)
        lengths = np.asarray(prompt_lengths, dtype="int32")
        possible = (lengths >= 1) & (lengths <= prompt_length)
        if lengths.shape != (batch_size,) or not possible.all():
            raise ValueError(
                f"prompt_lengths must be {batch_size} integers from 1 to "
                f"{prompt_length}, got {lengths.tolist()}."
            )
        tokens = np.pad(prompt_ids, [(0, 0), (0, num_tokens)]).T  # (total, batch)
        uniforms = np.random.default_rng(seed).random(tokens.shape, dtype="float32")
        temperature = np.float32(temperature)
        tokens, state = run(tokens, lengths, uniforms, temperature, state)
        return ops.convert_to_numpy(tokens).T, state

    return generate


def _check_temperature(temperature):
    if not temperature > 0:
        raise ValueError(
            f"temperature must be > 0 (top_k=1 decodes greedily), got {temperature}."
        )
