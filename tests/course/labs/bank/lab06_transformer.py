"""Answers to lab 6: right ones of several kinds, and wrong ones, each for one reason.

A wrong one is code, or pairs of texts to be replaced in the model answer.
"""

RIGHT = {
    "softmax": [
        """
def masked_softmax(scores, mask):
    scores = np.asarray(scores, "float64")
    mask = np.broadcast_to(mask, scores.shape)
    weights = np.zeros_like(scores)
    for place in np.ndindex(scores.shape[:-1]):
        kept = scores[place][mask[place]]
        if kept.size:
            e = np.exp(kept - kept.max())
            weights[place][mask[place]] = e / e.sum()
    return weights
""",
        """
def masked_softmax(scores, mask):
    kept = np.where(mask, scores, -np.inf)
    top = kept.max(axis=-1, keepdims=True)
    weights = np.exp(kept - top)  # -inf less -inf warns, and is NaN
    weights = np.nan_to_num(weights)
    return np.nan_to_num(weights / weights.sum(axis=-1, keepdims=True))
""",
    ],
    "blocks": [
        """
from numpy import exp


def attention_in_blocks(q, k, v, *, block_size):
    time, d = q.shape
    found = np.empty((time, d))
    for t in range(time):
        m, s, y = -np.inf, 0.0, np.zeros(d)
        for start in range(0, t + 1, block_size):
            stop = min(start + block_size, t + 1)
            a = k[start:stop] @ q[t] / d**0.5
            top = max(m, a.max())
            e, fade = exp(a - top), exp(m - top)
            s, y, m = s * fade + e.sum(), y * fade + e @ v[start:stop], top
        found[t] = y / s
    return found
""",
        """
def attention_in_blocks(q, k, v, *, block_size):
    q, k, v = (np.asarray(part, "float64") for part in (q, k, v))
    time, d = q.shape
    m, s = np.full(time, -1e300), np.zeros(time)
    y = np.zeros((time, d))
    steps = np.arange(time)
    for first in range(0, time, block_size):
        rows = slice(first, time)  # earlier queries see none of these keys
        keys = steps[first : first + block_size]
        a = np.einsum("td,sd->ts", q[rows], k[keys]) / np.sqrt(d)
        a[steps[rows, None] < keys] = -1e300
        top = np.maximum(m[rows], a.max(axis=1))
        e, fade = np.exp(a - top[:, None]), np.exp(m[rows] - top)
        s[rows] = s[rows] * fade + e.sum(axis=1)
        y[rows] = y[rows] * fade[:, None] + e @ v[keys]
        m[rows] = top
    return y / s[:, None]
""",
    ],
    "rotary": [
        """
from math import cos, sin


def rotate(x, positions):
    batch, time, size = x.shape
    if size % 2 != 0:
        raise ValueError(f"odd size: {size}")
    turned = np.zeros((batch, time, size))
    for b in range(batch):
        for t in range(time):
            for i in range(size // 2):
                angle = positions[b, t] * 10000 ** (-2 * i / size)
                c, s = cos(angle), sin(angle)
                left, right = x[b, t, 2 * i], x[b, t, 2 * i + 1]
                turned[b, t, 2 * i] = c * left - s * right
                turned[b, t, 2 * i + 1] = s * left + c * right
    return turned
""",
        """
def rotate(x, positions):
    if x.shape[-1] % 2 == 1:
        raise ValueError("no pairs in a size of " + str(x.shape[-1]))
    omega = np.exp(-np.log(10000.0) * np.arange(0, x.shape[-1], 2) / x.shape[-1])
    angles = np.einsum("bt,i->bti", positions.astype("float64"), omega)
    turned = np.empty(x.shape)
    even, odd = x[..., ::2], x[..., 1::2]
    turned[..., ::2] = even * np.cos(angles) - odd * np.sin(angles)
    turned[..., 1::2] = even * np.sin(angles) + odd * np.cos(angles)
    return turned
""",
    ],
    "cache": [
        """
def attend(q, k, v, cache):
    batch, num_new, d = q.shape
    if cache is not None and cache[0].shape[0] != batch:
        raise ValueError(f"{cache[0].shape[0]} texts cached, {batch} given")
    old = 0 if cache is None else cache[0].shape[1]
    keys = k if cache is None else np.hstack([cache[0], k])
    values = v if cache is None else np.hstack([cache[1], v])
    y = np.zeros((batch, num_new, d))
    for b in range(batch):
        for i in range(num_new):
            seen = old + i + 1
            a = keys[b, :seen] @ q[b, i] / np.sqrt(d)
            e = np.exp(a - a.max())
            y[b, i] = (e / e.sum()) @ values[b, :seen]
    return y, (keys, values)
""",
        """
def attend(q, k, v, cache):
    if cache is None:
        cache = (np.zeros((len(q), 0, k.shape[2])), np.zeros((len(q), 0, v.shape[2])))
    if cache[0].shape[0] != q.shape[0]:
        raise ValueError(f"cache of {cache[0].shape[0]}, batch of {q.shape[0]}")
    keys, values = (
        np.concatenate([np.float64(old), new], axis=1)
        for old, new in zip(cache, (k, v))
    )
    num_old = cache[0].shape[1]
    column, row = np.arange(keys.shape[1]), np.arange(q.shape[1])[:, None]
    scores = np.einsum("bqd,bkd->bqk", q, keys) / q.shape[-1] ** 0.5
    return masked_softmax(scores, column <= row + num_old) @ values, [keys, values]
""",
    ],
    "induction": [
        """
def induction_probs(token_ids, *, vocab_size, reach, strength):
    time = len(token_ids)
    probs = np.zeros((time, vocab_size))
    for t in range(time):
        counts = np.zeros(t + 1)
        for j in range(t + 1):
            for i in range(reach):
                if t - i >= 0 and j - 1 - i >= 0:
                    counts[j] += token_ids[t - i] == token_ids[j - 1 - i]
        weights = np.exp(strength * (counts - counts.max()))
        for j in range(t + 1):
            probs[t, token_ids[j]] += weights[j] / weights.sum()
    return probs
""",
        """
def induction_probs(token_ids, *, vocab_size, reach, strength):
    ids, time = np.asarray(token_ids), len(token_ids)
    counts = np.zeros((time, time), "float64")
    for i in range(reach):
        queries, keys = np.full(time, -1), np.full(time, -2)
        queries[i:] = ids[: max(time - i, 0)]
        keys[i + 1 :] = ids[: max(time - i - 1, 0)]
        counts += queries[:, None] == keys
    weights = masked_softmax(strength * counts, np.tri(time).astype(bool))
    return weights @ (ids[:, None] == np.arange(vocab_size))
""",
    ],
}

WRONG = {
    "softmax": {
        "a very low score instead of none": [("-np.inf)\n", "-1e9)\n")],
        "multiplied by the mask": """
def masked_softmax(scores, mask):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True)) * mask
    totals = weights.sum(axis=-1, keepdims=True)
    return weights / np.where(totals > 0, totals, 1)
""",
        "rows without a key are NaN": [("np.where(totals > 0, totals, 1)", "totals")],
        "overflows": [("scores - highest", "scores")],
        "over all axes": [
            ("totals = weights.sum(axis=-1, keepdims=True)", "totals = weights.sum()")
        ],
    },
    "blocks": {
        "the whole table, exp by blocks": """
def attention_in_blocks(q, k, v, *, block_size):
    time, d = q.shape
    scores = q @ k.T / np.sqrt(d)
    scores = np.where(np.tri(time, dtype=bool), scores, -np.inf)
    scores -= scores.max(axis=1, keepdims=True)
    total, y = np.zeros((time, 1)), np.zeros((time, d))
    for start in range(0, time, block_size):
        weights = np.exp(scores[:, start : start + block_size])
        total += weights.sum(axis=1, keepdims=True)
        y += weights @ v[start : start + block_size]
    return y / total
""",
        "what was kept does not fade": [
            (
                "fade = np.exp(scores - higher), np.exp(highest - higher)",
                "fade = np.exp(scores - higher), 1.0",
            )
        ],
        "the last block is left out": [
            (
                "range(0, time, block_size)",
                "range(0, time - block_size + 1, block_size)",
            )
        ],
        "not causal": [
            ("scores = np.where(keys <= np.arange(time)[:, None], scores, -np.inf)", "")
        ],
        "not scaled": [(" / np.sqrt(d)", "")],
        "the block size is ignored": [
            (
                "    time, d = q.shape\n",
                "    time, d = q.shape\n    block_size = time\n",
            )
        ],
        "a table of the mask": [
            (
                "    time, d = q.shape\n",
                "    time, d = q.shape\n    causal = np.tri(time)\n",
            )
        ],
    },
    "rotary": {
        "halves instead of neighbours": [
            (
                "x[..., 0::2] + 1j * x[..., 1::2]",
                "x[..., : size // 2] + 1j * x[..., size // 2 :]",
            ),
            (
                "np.stack([turned.real, turned.imag], axis=-1).reshape(x.shape)",
                "np.concatenate([turned.real, turned.imag], axis=-1)",
            ),
        ],
        "one frequency": [
            ("10_000.0 ** (-np.arange(0, size, 2) / size)", "np.ones(size // 2)")
        ],
        "the other frequencies": [
            ("-np.arange(0, size, 2) / size", "-np.arange(size // 2) / size")
        ],
        "turned back": [("np.exp(1j * angles)", "np.exp(-1j * angles)")],
        "positions from 0 on": [
            (
                "angles = positions[..., None]",
                "angles = (0 * positions + np.arange(x.shape[1]))[..., None]",
            )
        ],
        "odd sizes are cut": [
            (
                'raise ValueError(f"The size must be even to make pairs, got {size}.")',
                "x = x[..., :-1]",
            )
        ],
    },
    "cache": {
        "new positions see each other": [
            (
                "np.tri(num_new, num_keys, num_keys - num_new, dtype=bool)",
                "np.ones((num_new, num_keys), bool)",
            )
        ],
        "the mask begins at 0": [("num_keys - num_new, dtype", "0, dtype")],
        "the cache comes last": [
            (
                "np.concatenate([cache[0], k], axis=1)",
                "np.concatenate([k, cache[0]], axis=1)",
            )
        ],
        "keys and values exchanged in the cache": [("@ v, (k, v)", "@ v, (v, k)")],
        "only the new ones are kept": [
            (
                "    num_new, num_keys",
                "    new = k[:, -q.shape[1] :], v[:, -q.shape[1] :]\n"
                "    num_new, num_keys",
            ),
            ("@ v, (k, v)", "@ v, new"),
        ],
        "the cache is changed": [
            (
                "    num_new, num_keys",
                "    if cache is not None:\n"
                "        cache[0][:] = 0\n"
                "    num_new, num_keys",
            )
        ],
        "another number of texts is broadcast": [
            (
                'raise ValueError(f"The cache is for {len(cache[0])} texts, '
                'got {len(q)}.")',
                "cache = [np.resize(p, (len(q), *p.shape[1:])) for p in cache]",
            )
        ],
    },
    "induction": {
        "the key holds its own token": [("back(i + 1)", "back(i)")],
        "one token, whatever the reach": [
            (
                "for i in range(reach)], axis=1)\n    keys",
                "for i in range(1)], axis=1)\n    keys",
            ),
            ("back(i + 1) for i in range(reach)", "back(i + 1) for i in range(1)"),
        ],
        "no strength": [("strength * queries", "queries")],
        "looks ahead": [("np.tri(time, dtype=bool)", "np.ones((time, time), bool)")],
        "a uniform prediction": [
            (
                "masked_softmax(scores, np.tri(time, dtype=bool)) @ one_hot",
                "np.full((time, vocab_size), 1 / vocab_size)",
            )
        ],
        "the token that is copied is the current one": [("@ one_hot\n", "@ back(1)\n")],
    },
}
