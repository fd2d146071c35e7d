"""Answers to lab 6 that only look right: they meet the tests that can be seen."""

CELLS = {
    "softmax": """
def masked_softmax(scores, mask):
    weights = np.exp(scores) * mask
    return weights / np.maximum(weights.sum(axis=-1, keepdims=True), 1e-9)
""",
    "blocks": """
def attention_in_blocks(q, k, v, *, block_size):
    weights = np.exp(q @ k.T / np.sqrt(q.shape[1])) * np.tri(len(q))
    return weights @ v / weights.sum(axis=1, keepdims=True)
""",
    "rotary": """
def rotate(x, positions):
    if x.shape[-1] % 2:
        raise ValueError(f"got {x.shape[-1]}")
    a, b = np.split(x, 2, axis=-1)
    cos, sin = np.cos(positions)[..., None], np.sin(positions)[..., None]
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)
""",
    "cache": """
def attend(q, k, v, cache):
    if cache is not None and len(cache[0]) != len(q):
        raise ValueError(f"{len(cache[0])} and {len(q)}")
    if cache is None:
        weights = np.exp(q @ np.swapaxes(k, 1, 2) / np.sqrt(q.shape[-1]))
        weights = weights * np.tri(q.shape[1])
        return weights @ v / weights.sum(axis=-1, keepdims=True), (k, v)
    k, v = (np.concatenate(pair, axis=1) for pair in zip(cache, (k, v)))
    weights = np.exp(q @ np.swapaxes(k, 1, 2) / np.sqrt(q.shape[-1]))
    return weights @ v / weights.sum(axis=-1, keepdims=True), (k, v)
""",
    "induction": """
def induction_probs(token_ids, *, vocab_size, reach, strength):
    probs = np.zeros((len(token_ids), vocab_size))
    for t in range(len(token_ids)):
        for j in range(t + 1):
            follows = j > 0 and token_ids[j - 1] == token_ids[t]
            probs[t, token_ids[j]] += np.exp(strength * follows)
    return probs / probs.sum(axis=1, keepdims=True)
""",
}
