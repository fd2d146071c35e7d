"""The loss of a language model, token by token.

Taught in lesson 04.
"""

from helpers.backend import ops


def token_losses(logits, token_ids):
    """Return the negative log-likelihood of each token.

    Args:
        logits: float, `(batch, time, vocab_size)`, or any number of axes before the
            last. Unnormalised log-probabilities of the token at each position.
        token_ids: int in [0, vocab_size), `(batch, time)`. The tokens that stand there.

    Returns:
        float32, `(batch, time)`, in nats. The mean is the loss of training; `exp` of
        the mean is the perplexity.

    Raises:
        ValueError: the shapes do not belong together, or the ids are no integers.
    """
    logits, token_ids = map(ops.convert_to_tensor, (logits, token_ids))
    if "int" not in ops.dtype(token_ids):
        raise ValueError(f"token_ids must be integers, got {ops.dtype(token_ids)}.")
    if len(token_ids.shape) != len(logits.shape) - 1:
        raise ValueError(
            "token_ids must have the shape of logits without the last axis, "
            f"got {tuple(token_ids.shape)} for logits {tuple(logits.shape)}."
        )
    logits = ops.cast(logits, "float32")
    return ops.sparse_categorical_crossentropy(token_ids, logits, from_logits=True)
