"""Answers to lab 9: right ones of several kinds, and wrong ones, each for one reason.

A wrong one is code, or pairs of texts to be replaced in the model answer.
"""

RIGHT = {
    "lora": [
        """
class LoRA(layers.Layer):
    def __init__(self, dense, rank, *, alpha, seed):
        super().__init__()
        n, m = dense.kernel.shape
        if rank < 1 or rank > n or rank > m:
            raise ValueError("a rank of " + str(rank) + " for " + str((n, m)))
        for variable in dense.variables:
            variable.trainable = False
        self.dense = dense
        self.scale = float(alpha) / rank
        normal = keras.initializers.RandomNormal(stddev=n**-0.5, seed=seed)
        self.a = self.add_weight(shape=(n, rank), initializer=normal)
        self.b = self.add_weight(shape=(rank, m), initializer="zeros")

    def call(self, x):
        bias = self.dense.bias if self.dense.use_bias else 0.0
        thin = ops.einsum("...n,nr->...r", x, self.a)
        total = ops.einsum("...n,nm->...m", x, self.dense.kernel) + bias
        return self.dense.activation(
            total + self.scale * ops.einsum("...r,rm->...m", thin, self.b)
        )
""",
        """
class LoRA(layers.Layer):
    def __init__(self, dense, rank, *, alpha, seed):
        super().__init__()
        if rank not in range(1, 1 + min(dense.kernel.shape)):
            raise ValueError(f"got rank {rank} for a matrix {dense.kernel.shape}")
        self.dense = dense
        self.dense.trainable = False
        self.scale = alpha / rank
        rng = np.random.default_rng(seed)
        a = rng.normal(size=(dense.kernel.shape[0], rank)) / np.sqrt(rank)
        self.a = keras.Variable(a.astype("float32"))
        self.b = keras.Variable(np.zeros((rank, dense.kernel.shape[1]), "float32"))

    def call(self, x):
        kernel = self.dense.kernel + ops.matmul(self.a, self.b) * self.scale
        y = ops.matmul(x, kernel)
        if self.dense.bias is not None:
            y = ops.add(y, self.dense.bias)
        return self.dense.activation(y)
""",
        """
class LoRA(layers.Layer):
    def __init__(self, dense, rank, *, alpha, seed):
        super().__init__()
        smaller = int(np.min(dense.kernel.shape))
        if not (rank >= 1 and rank <= smaller):
            raise ValueError(f"rank {rank} is not from 1 to {smaller}")
        uniform = keras.initializers.GlorotUniform(seed=seed)
        down = layers.Dense(rank, use_bias=False, kernel_initializer=uniform)
        up = layers.Dense(dense.units, use_bias=False, kernel_initializer="zeros")
        down.build((None, dense.kernel.shape[0]))
        up.build((None, rank))
        dense.trainable = False
        self.dense, self.down, self.up = dense, down, up
        self.a, self.b, self.scale = down.kernel, up.kernel, alpha / rank

    def call(self, x):
        change = self.up(self.down(self.scale * x))
        if self.dense.use_bias:
            change = change + self.dense.bias
        return self.dense.activation(change + ops.dot(x, self.dense.kernel))
""",
    ],
    "merge": [
        """
def merge_lora(layer):
    config = layer.dense.get_config() | {"trainable": True}
    merged = layers.Dense.from_config(config)
    merged.build((None, layer.a.shape[0]))
    kernel, a, b = (
        ops.convert_to_numpy(v) for v in (layer.dense.kernel, layer.a, layer.b)
    )
    merged.set_weights(
        [kernel + layer.scale * a @ b, *layer.dense.get_weights()[1:]]
    )
    return merged
""",
        """
def merge_lora(layer):
    old = layer.dense
    new = layers.Dense(int(old.kernel.shape[1]), old.activation, old.use_bias)
    new(np.zeros((1, old.kernel.shape[0]), "float32"))
    change = ops.einsum("nr,rm->nm", layer.scale * layer.a, layer.b)
    new.kernel.assign(ops.add(change, old.kernel))
    if old.bias is not None:
        new.bias.assign(ops.convert_to_numpy(old.bias))
    return new
""",
        """
def merge_lora(layer):
    old, outer = layer.dense, 0.0
    for i in range(layer.a.shape[1]):
        outer = outer + ops.outer(layer.a[:, i], layer.b[i])
    kernel = ops.convert_to_numpy(old.kernel + layer.scale * outer)
    bias = ops.convert_to_numpy(old.bias) if old.use_bias else None
    new = layers.Dense(
        kernel.shape[1],
        activation=old.activation,
        use_bias=bias is not None,
        kernel_initializer=lambda shape, dtype=None: ops.convert_to_tensor(kernel),
        bias_initializer=lambda shape, dtype=None: ops.convert_to_tensor(bias),
    )
    new.build((None, kernel.shape[0]))
    return new
""",
    ],
    "hide": [
        """
def choose_places(lengths, num_places, *, rate, rng):
    lengths = np.asarray(lengths)
    if not (rate > 0 and rate < 1):
        raise ValueError("a rate of " + str(rate))
    bad = lengths[(lengths < 1) | (lengths > num_places)]
    if bad.size:
        raise ValueError(f"lengths of {bad.tolist()} for {num_places} places")
    numbers = np.maximum(1, np.floor(rate * lengths + 0.5))[:, None]
    keys = rng.random((len(lengths), num_places))
    keys[np.arange(num_places) >= lengths[:, None]] = 2
    return keys.argsort(axis=1).argsort(axis=1) < numbers


def hide_tokens(token_ids, is_chosen, *, mask_id, rng):
    hidden = np.array(token_ids)
    for place in zip(*np.nonzero(is_chosen)):
        luck = rng.random()
        if luck >= 0.2:
            hidden[place] = mask_id
        elif luck < 0.1:
            hidden[place] = rng.integers(mask_id)
    return hidden
""",
        """
def choose_places(lengths, num_places, *, rate, rng):
    if np.isnan(rate) or rate <= 0 or rate >= 1:
        raise ValueError(f"rate: got {rate}, expected more than 0 and less than 1")
    rows = []
    for length in lengths:
        if length < 1 or length > num_places:
            raise ValueError(f"a text of {length} tokens in {num_places} places")
        number = max(int(np.rint(length * rate)), 1)
        row = [True] * number + [False] * (length - number)
        rng.shuffle(row)
        rows.append(row + [False] * (num_places - length))
    return np.array(rows)


def hide_tokens(token_ids, is_chosen, *, mask_id, rng):
    kinds = rng.choice(3, size=token_ids.shape, p=[0.8, 0.1, 0.1])
    found = token_ids.copy()
    found[is_chosen & (kinds == 0)] = mask_id
    strange = is_chosen & (kinds == 1)
    found[strange] = rng.integers(0, mask_id, strange.sum())
    return found
""",
        """
def choose_places(lengths, num_places, *, rate, rng):
    if not 0.0 < rate < 1.0:
        raise ValueError(f"{rate} is no rate")
    found = np.full((len(lengths), num_places), False)
    for i, length in enumerate(lengths):
        if length not in range(1, num_places + 1):
            raise ValueError(f"length {length} is not from 1 to {num_places}")
        places = rng.permutation(length)
        found[i, places[: max(1, int(rate * length + 0.5))]] = True
    return found


def hide_tokens(token_ids, is_chosen, *, mask_id, rng):
    flat, chosen = np.ravel(token_ids).copy(), np.flatnonzero(is_chosen)
    luck = rng.uniform(size=len(chosen))
    flat[chosen[luck < 0.8]] = mask_id
    chosen = chosen[luck > 0.9]
    flat[chosen] = np.floor(mask_id * rng.uniform(size=len(chosen)))
    return flat.reshape(np.shape(token_ids))
""",
    ],
    "masked": [
        """
def masked_loss(logits, token_ids, is_chosen):
    chosen = ops.expand_dims(ops.cast(is_chosen, "bool"), -1)
    logits = ops.where(chosen, ops.cast(logits, "float32"), 0.0)
    one_hot = ops.one_hot(token_ids, logits.shape[-1])
    log_probs = ops.log_softmax(logits, axis=-1)
    number = ops.sum(ops.cast(chosen, "float32"))
    total = -ops.sum(ops.where(chosen, one_hot * log_probs, 0.0))
    return ops.where(number > 0, total / ops.maximum(number, 1.0), 0.0)
""",
        """
def masked_loss(logits, token_ids, is_chosen):
    weights = np.asarray(is_chosen, "float32")
    logits = ops.where(weights[..., None] > 0, logits, ops.zeros_like(logits))
    true = ops.take_along_axis(logits, np.asarray(token_ids)[..., None], axis=-1)
    nats = ops.logsumexp(logits, axis=-1) - true[..., 0]
    return ops.sum(nats * weights) / max(1.0, float(weights.sum()))
""",
        """
def masked_loss(logits, token_ids, is_chosen):
    places = np.flatnonzero(is_chosen)
    if len(places) == 0:
        return ops.zeros(())
    rows = ops.reshape(logits, (-1, logits.shape[-1]))
    return ops.mean(
        keras.losses.sparse_categorical_crossentropy(
            np.ravel(token_ids)[places], ops.take(rows, places, 0), from_logits=True
        )
    )
""",
    ],
    "learn": [
        """
def join_pair(ids, pair, new_id):
    found, i = [], 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == tuple(pair):
            found.append(new_id)
            i += 2
        else:
            found.append(ids[i])
            i += 1
    return tuple(found)


def learn_merges(text, num_merges):
    pieces, merges = [tuple(piece) for piece in cut(text)], []
    while len(merges) < num_merges:
        counts = {}
        for ids in pieces:
            for pair in zip(ids, ids[1:]):
                counts[pair] = counts.get(pair, 0) + 1
        often = [pair for pair in counts if counts[pair] >= 2]
        if not often:
            return merges
        best = sorted(often, key=lambda p: (-counts[p], p[0], p[1]))[0]
        pieces = [join_pair(ids, best, 256 + len(merges)) for ids in pieces]
        merges.append(best)
    return merges
""",
        """
def join_pair(ids, pair, new_id):
    if len(ids) < 2:
        return tuple(ids)
    for i in range(len(ids) - 1):
        if ids[i] == pair[0] and ids[i + 1] == pair[1]:
            return (*ids[:i], new_id, *join_pair(ids[i + 2 :], pair, new_id))
    return tuple(ids)


def learn_merges(text, num_merges):
    words = collections.Counter(map(tuple, cut(text)))

    def more(merges):
        if len(merges) == num_merges:
            return merges
        counts = collections.Counter()
        for ids, number in words.items():
            for pair in merge_all(ids, merges):
                counts[pair] += number
        highest = max(counts.values(), default=0)
        if highest < 2:
            return merges
        return more([*merges, min(p for p in counts if counts[p] == highest)])

    def merge_all(ids, merges):
        for i, pair in enumerate(merges):
            ids = join_pair(ids, pair, 256 + i)
        return itertools.pairwise(ids)

    return more([])
""",
        """
def join_pair(ids, pair, new_id):
    gap, tokens = -1, list(ids)
    for i, (left, right) in enumerate(itertools.pairwise(ids)):
        if (left, right) == pair and tokens[i] != gap:
            tokens[i : i + 2] = new_id, gap
    return tuple(token for token in tokens if token != gap)


def learn_merges(text, num_merges):
    # All pieces in one row, with a sign between them that is in no pair.
    row = []
    for piece in cut(text):
        row.extend([*piece, -9])
    merges = []
    for new_id in range(256, 256 + num_merges):
        pairs = np.array([p for p in zip(row, row[1:]) if min(p) >= 0]).reshape(-1, 2)
        found, numbers = np.unique(pairs, axis=0, return_counts=True)
        if not len(numbers) or numbers.max() < 2:
            break
        best = tuple(found[numbers.argmax()].tolist())
        merges.append(best)
        row = list(join_pair(tuple(row), best, new_id))
    return merges
""",
    ],
    "encode": [
        """
def encode(text, merges):
    order = {tuple(pair): i for i, pair in enumerate(merges)}
    found = []
    for piece in cut(text):
        ids = tuple(piece)
        while len(ids) > 1:
            best = min(zip(ids, ids[1:]), key=lambda p: order.get(p, len(merges)))
            if best not in order:
                break
            ids = join_pair(ids, best, 256 + order[best])
        found += ids
    return found


def decode(token_ids, merges):
    def expand(token):
        if token < 256:
            return bytes([token])
        left, right = merges[token - 256]
        return expand(left) + expand(right)

    for token in token_ids:
        if token < 0 or token >= 256 + len(merges):
            raise ValueError("no token " + str(token))
    return b"".join(map(expand, token_ids)).decode("utf-8", "replace")
""",
        """
def encode(text, merges):
    pieces = [list(piece) for piece in cut(text)]
    for i in range(len(merges)):
        pieces = [list(join_pair(tuple(p), merges[i], 256 + i)) for p in pieces]
    return sum(pieces, [])


def decode(token_ids, merges):
    table = {i: bytes((i,)) for i in range(256)}
    for pair in merges:
        table[len(table)] = table[pair[0]] + table[pair[1]]
    unknown = [token for token in token_ids if token not in table]
    if unknown:
        raise ValueError(f"unknown tokens: {unknown}")
    return str(b"".join(table[token] for token in token_ids), "utf-8", "replace")
""",
        """
def encode(text, merges):
    row = []
    for piece in cut(text):
        row += [*piece, -1]
    for new_id, pair in enumerate(merges, start=256):
        row = join_pair(tuple(row), pair, new_id)
    return [token for token in row if token >= 0]


def decode(token_ids, merges):
    stack, found = list(token_ids)[::-1], bytearray()
    while stack:
        token = stack.pop()
        if not 0 <= token < 256 + len(merges):
            raise ValueError(f"{token} is none of {256 + len(merges)} tokens")
        if token < 256:
            found.append(token)
        else:
            stack.extend(reversed(merges[token - 256]))
    return bytes(found).decode(errors="replace")
""",
    ],
}

WRONG = {
    "lora": {
        "the product outside of the activation": [
            ("        y = y + self.scale * ops.m", "        z = self.scale * ops.m"),
            ("self.dense.activation(y)", "self.dense.activation(y) + z"),
        ],
        "no activation": [("self.dense.activation(y)", "y")],
        "alpha alone": [("dense, alpha / rank", "dense, alpha")],
        "rank over alpha": [("alpha / rank", "rank / alpha")],
        "alpha over the root of the rank": [("alpha / rank", "alpha / rank**0.5")],
        "B begins at random": [('(rank, m), "zeros"', "(rank, m), start")],
        "A begins at zero": [("(n, rank), start", '(n, rank), "zeros"')],
        "the dense layer is trained too": [("dense.trainable = False", "pass")],
        "the bias is trained too": [
            ("dense.trainable = False", "dense.kernel.trainable = False")
        ],
        "A is not trained": [
            (
                '(n, rank), start, name="a")',
                '(n, rank), start, trainable=False, name="a")',
            )
        ],
        "the bias is left out": [("y = y + self.dense.bias", "pass")],
        "the bias is always there": [
            ("if self.dense.use_bias:", "if True:"),
        ],
        "rank 0 is let through": [("1 <= rank <=", "0 <= rank <=")],
        "up to the larger side": [("min(n, m)", "max(n, m)")],
        "up to the number of inputs": [("min(n, m)", "n")],
        "no rank is refused": [("if not 1 <= rank <= min(n, m):", "if False:")],
        "the rank is not named": [(", got {rank}", "")],
        "another draw each time": [("HeNormal(seed=seed)", "HeNormal()")],
        "the seed is fixed": [("HeNormal(seed=seed)", "HeNormal(seed=0)")],
    },
    "merge": {
        "the scale is left out": [("layer.scale * ", "")],
        "the scale twice": [("layer.scale * ", "layer.scale**2 * ")],
        "the product alone": [("dense.kernel + layer.scale", "layer.scale")],
        "the product is taken off": [("dense.kernel + l", "dense.kernel - l")],
        "the bias stays at zero": [("merged.bias.assign(dense.bias)", "pass")],
        "no bias": [
            ("use_bias=dense.use_bias", "use_bias=False"),
            ("if dense.use_bias:", "if False:"),
        ],
        "a bias in any case": [("use_bias=dense.use_bias", "use_bias=True")],
        "no activation": [("activation=dense.activation, ", "")],
        "one activation for all": [
            ("activation=dense.activation", 'activation="relu"')
        ],
        "the layer cannot be trained": [
            ("use_bias=dense.use_bias", "use_bias=dense.use_bias, trainable=False")
        ],
        "the dense layer itself": """
def merge_lora(layer):
    dense = layer.dense
    dense.kernel.assign(dense.kernel + layer.scale * ops.matmul(layer.a, layer.b))
    return dense
""",
        "the LoRA layer": "def merge_lora(layer):\n    return layer\n",
        "B is set to zero afterwards": [
            ("    return merged", "    layer.b.assign(0 * layer.b)\n    return merged")
        ],
    },
    "hide": {
        "each place by chance": [
            (
                "row[rng.choice(length, number, replace=False)] = True",
                "row[:length] = rng.random(length) < number / length",
            )
        ],
        "with repetition": [("replace=False", "replace=True")],
        "the first places": [
            ("row[rng.choice(length, number, replace=False)]", "row[:number]")
        ],
        "places in a row": [
            (
                "row[rng.choice(length, number, replace=False)] = True",
                "start = rng.integers(length)\n"
                "        row[(start + np.arange(number)) % length] = True",
            )
        ],
        "the padding is chosen too": [("rng.choice(length,", "rng.choice(num_places,")],
        "the rate of all places": [
            ("round(rate * length)", "min(length, round(rate * num_places))")
        ],
        "rounded down": [("round(rate * length)", "int(rate * length)")],
        "rounded up": [("round(rate * length)", "int(np.ceil(rate * length))")],
        "none in a short text": [
            ("max(1, round(rate * length))", "round(rate * length)")
        ],
        "the same places in all rows": [
            ("row[rng.choice", "row[np.random.default_rng(0).choice")
        ],
        "NaN is let through": [
            ("if not 0 < rate < 1:", "if rate <= 0 or rate >= 1:"),
            ("round(rate * length)", "round(np.nan_to_num(rate) * length)"),
        ],
        "rates of 0 and 1": [("0 < rate < 1", "0 <= rate <= 1")],
        "the rate is not named": [(", got {rate}", "")],
        "a text without tokens": [
            ("1 <= length <=", "0 <= length <="),
            (
                "max(1, round(rate * length))",
                "min(length, max(1, round(rate * length)))",
            ),
        ],
        "texts longer than the row": [
            ("1 <= length <= num_places", "1 <= length"),
            ("rng.choice(length,", "rng.choice(min(length, num_places),"),
        ],
        "the length is not named": [(", got {length}", "")],
        "always [MASK]": [("kind < 0.8", "kind < 1")],
        "0.9 [MASK]": [("kind < 0.8", "kind < 0.9")],
        "a random token or [MASK]": [("kind < 0.9", "kind < 1")],
        "none is replaced at random": [("kind < 0.9", "kind < 0.8")],
        "[MASK] among the random ones": [
            ("rng.integers(mask_id,", "rng.integers(mask_id + 1,")
        ],
        "the last token is never drawn": [
            ("rng.integers(mask_id,", "rng.integers(mask_id - 1,")
        ],
        "one random token for all": [
            ("rng.integers(mask_id, size=token_ids.shape)", "rng.integers(mask_id)")
        ],
        "one draw for all": [("rng.random(token_ids.shape)", "rng.random()")],
        "one draw for each row": [
            ("rng.random(token_ids.shape)", "rng.random((len(token_ids), 1))")
        ],
        "all places are hidden": [("np.where(is_chosen, hidden, token_ids)", "hidden")],
        "the others are hidden": [("np.where(is_chosen,", "np.where(~is_chosen,")],
        "ids are changed in place": [
            (
                "return np.where(is_chosen, hidden, token_ids)",
                "token_ids[is_chosen] = hidden[is_chosen]\n    return token_ids",
            )
        ],
        "ids become float": [
            (
                "return np.where(is_chosen, hidden, token_ids)",
                "return np.where(is_chosen, hidden, 1.0 * token_ids)",
            )
        ],
    },
    "masked": {
        "the mean over all places": [
            ("ops.maximum(ops.sum(weights), 1.0)", "np.prod(token_ids.shape)")
        ],
        "over all places of all": [
            ('ops.cast(is_chosen, "float32")', 'ops.ones(is_chosen.shape, "float32")')
        ],
        "the sum": [("total / ops.maximum(ops.sum(weights), 1.0)", "total")],
        "the mean of the rows' means": """
def masked_loss(logits, token_ids, is_chosen):
    is_chosen = ops.convert_to_tensor(is_chosen)
    logits = ops.where(is_chosen[..., None], logits, 0.0)
    weights = ops.cast(is_chosen, "float32")
    totals = ops.sum(weights * token_losses(logits, token_ids), axis=1)
    return ops.mean(totals / ops.maximum(ops.sum(weights, axis=1), 1.0))
""",
        "0 times NaN": [("ops.where(is_chosen[..., None], logits, 0.0)", "logits")],
        "NaN is cut off after the loss": [
            ("ops.where(is_chosen[..., None], logits, 0.0)", "logits"),
            (
                "weights * token_losses(logits, token_ids)",
                "ops.where(is_chosen, token_losses(logits, token_ids), 0.0)",
            ),
        ],
        "NaN is replaced, infinity is not": [
            (
                "ops.where(is_chosen[..., None], logits, 0.0)",
                "ops.where(ops.isnan(logits), 0.0, logits)",
            )
        ],
        "0 / 0 where none is chosen": [
            ("ops.maximum(ops.sum(weights), 1.0)", "ops.sum(weights)")
        ],
        "one more in the divisor": [
            ("ops.maximum(ops.sum(weights), 1.0)", "(ops.sum(weights) + 1)")
        ],
        "the places that were not chosen": [
            ("ops.convert_to_tensor(is_chosen)", "~ops.convert_to_tensor(is_chosen)")
        ],
        "bits": [("return total /", "return total / np.log(2) /")],
        "no gradient": [("return total", "return ops.stop_gradient(total)")],
        "the exponential overflows": [
            (
                "token_losses(logits, token_ids)",
                "-ops.log(ops.sum(ops.one_hot(token_ids, logits.shape[-1]) * "
                "ops.exp(logits), -1) / ops.sum(ops.exp(logits), -1))",
            )
        ],
        "the probability is missed, not its logarithm": [
            (
                "token_losses(logits, token_ids)",
                "(1 - ops.exp(-token_losses(logits, token_ids)))",
            )
        ],
    },
    "learn": {
        "what was joined is joined again": [
            (
                "joined[-1] = new_id",
                "joined[-1] = new_id\n            joined.append(token)",
            )
        ],
        "the first occurrence alone": [
            ("if joined and (", "if new_id not in joined and joined and (")
        ],
        "from the right": [
            ("for token in ids:", "for token in reversed(ids):"),
            ("(joined[-1], token) == pair", "(token, joined[-1]) == pair"),
            ("return tuple(joined)", "return tuple(reversed(joined))"),
        ],
        "in either order": [
            ("(joined[-1], token) == pair", "(joined[-1], token) in (pair, pair[::-1])")
        ],
        "a list": [("return tuple(joined)", "return joined")],
        "ties by what came first": [
            (
                "min(counts, key=lambda pair: (-counts[pair], pair), default=None)",
                "max(counts, key=counts.get, default=None)",
            )
        ],
        "ties by the larger": [
            (
                "min(counts, key=lambda pair: (-counts[pair], pair), default=None)",
                "max(counts, key=lambda pair: (counts[pair], pair), default=None)",
            )
        ],
        "ties by the right token": [("pair), default", "pair[::-1]), default")],
        "the rarest pair": [("(-counts[pair], pair)", "(counts[pair], pair)")],
        "pairs that occur once": [("counts[best] < 2", "counts[best] < 1")],
        "pairs that occur twice are left": [("counts[best] < 2", "counts[best] < 3")],
        "each word counts once": [("+= number", "+= 1")],
        "pairs reach over words": [
            ("tuple(piece) for piece in cut(text)", "tuple(x) for x in [text.encode()]")
        ],
        "letters, not bytes": [("tuple(piece)", "tuple(map(ord, piece.decode()))")],
        "counted only once": """
def join_pair(ids, pair, new_id):
    joined = []
    for token in ids:
        if joined and (joined[-1], token) == pair:
            joined[-1] = new_id
        else:
            joined.append(token)
    return tuple(joined)


def learn_merges(text, num_merges):
    counts = collections.Counter()
    for piece in cut(text):
        counts.update(itertools.pairwise(piece))
    often = [pair for pair in counts if counts[pair] > 1]
    return sorted(often, key=lambda pair: (-counts[pair], pair))[:num_merges]
""",
        "numbers from 257": [
            ("join_pair(ids, best, new_id)", "join_pair(ids, best, new_id + 1)")
        ],
        "one merge too few": [("256 + num_merges)", "255 + num_merges)")],
        "overlaps are not counted": [
            (
                "counts[pair] += number",
                "counts[pair] += 0\n"
                "            for pair in set(itertools.pairwise(ids)):\n"
                "                joined = join_pair(ids, pair, -1)\n"
                "                counts[pair] += number * joined.count(-1)",
            )
        ],
    },
    "encode": {
        "the last merge first": [
            (
                "enumerate(merges, start=256)",
                "reversed(list(enumerate(merges, start=256)))",
            )
        ],
        "numbers from 255": [("merges, start=256)", "merges, start=255)")],
        "merges reach over words": [("in cut(text)", "in [text.encode()]")],
        "letters, not bytes": [("tuple(piece)", "tuple(map(ord, piece.decode()))")],
        "a list for each piece": [("found.extend(ids)", "found.append(ids)")],
        "the last piece alone": [("found.extend(ids)", "found = list(ids)")],
        "spaces are lost": [("tuple(piece)", "tuple(piece.strip())")],
        "the longest token first": [
            (
                "        for new_id, pair in enumerate(merges, start=256):\n"
                "            if pair in itertools.pairwise(ids):\n"
                "                ids = join_pair(ids, pair, new_id)\n",
                "        parts = [bytes([i]) for i in range(256)]\n"
                "        for left, right in merges:\n"
                "            parts.append(parts[left] + parts[right])\n"
                "        ids = []\n"
                "        while piece:\n"
                "            fits = [p for p in parts if piece.startswith(p)]\n"
                "            ids.append(parts.index(max(fits, key=len)))\n"
                "            piece = piece[len(parts[ids[-1]]) :]\n",
            )
        ],
        "each token is decoded alone": [
            (
                'b"".join(strings[token] for token in token_ids)'
                '.decode(errors="replace")',
                '"".join(strings[t].decode(errors="replace") for t in token_ids)',
            )
        ],
        "broken letters are an error": [('errors="replace"', 'errors="strict"')],
        "broken letters are left out": [('errors="replace"', 'errors="ignore"')],
        "each byte is a letter": [('decode(errors="replace")', 'decode("latin-1")')],
        "the right token first": [
            ("strings[left] + strings[right]", "strings[right] + strings[left]")
        ],
        "from the end, below 0": [("if not 0 <= token", "if not -9 <= token")],
        "too large, without a word": [("0 <= token < len(strings)", "0 <= token")],
        "one token too many": [("< len(strings):", "<= len(strings):")],
        "unknown tokens are left out": [
            ("raise ValueError", "return ValueError"),
        ],
        "the token is not named": [(", got {token}", "")],
    },
}
