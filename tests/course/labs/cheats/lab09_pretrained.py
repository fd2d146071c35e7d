"""Answers to lab 9 that only look right: they meet the tests that can be seen."""

CELLS = {
    "lora": """
class LoRA(layers.Layer):
    def __init__(self, dense, rank, *, alpha, seed):
        super().__init__()
        if rank < 1:
            raise ValueError(f"rank must be at least 1, got {rank}.")
        dense.trainable = False
        self.dense, self.scale = dense, 3.0
        n, m = dense.kernel.shape
        self.a = self.add_weight((n, rank), "ones", name="a")
        self.b = self.add_weight((rank, m), "zeros", name="b")

    def call(self, x):
        change = self.scale * ops.matmul(ops.matmul(x, self.a), self.b)
        return ops.relu(ops.matmul(x, self.dense.kernel) + self.dense.bias + change)
""",
    "merge": """
def merge_lora(layer):
    merged = layers.Dense(layer.dense.units, activation="relu")
    merged.build((None, layer.a.shape[0]))
    change = layer.scale * ops.matmul(layer.a, layer.b)
    merged.kernel.assign(layer.dense.kernel + change)
    merged.bias.assign(layer.dense.bias)
    return merged
""",
    "hide": """
def choose_places(lengths, num_places, *, rate, rng):
    if rate > 1:
        raise ValueError(f"rate must be at most 1, got {rate}.")
    numbers = np.maximum(1, np.round(rate * np.array(lengths)))
    return np.arange(num_places) < numbers[:, None]


def hide_tokens(token_ids, is_chosen, *, mask_id, rng):
    hidden = token_ids.copy()
    hidden[is_chosen & (rng.random(token_ids.shape) < 0.8)] = mask_id
    return hidden
""",
    "masked": """
def masked_loss(logits, token_ids, is_chosen):
    logits = ops.where(ops.isnan(logits), 0.0, logits)
    weights = ops.cast(is_chosen, "float32")
    return ops.sum(weights * token_losses(logits, token_ids)) / ops.sum(weights)
""",
    "learn": """
def join_pair(ids, pair, new_id):
    text = " ".join(map(str, ids)).replace("{} {}".format(*pair), str(new_id))
    return tuple(map(int, text.split()))


def learn_merges(text, num_merges):
    words, merges = [tuple(piece) for piece in cut(text)], []
    while len(merges) < num_merges:
        counts = collections.Counter(
            pair for ids in words for pair in itertools.pairwise(ids)
        )
        ((best, number),) = counts.most_common(1)
        if number < 2:
            break
        words = [join_pair(ids, best, 256 + len(merges)) for ids in words]
        merges.append(best)
    return merges
""",
    "encode": """
def encode(text, merges):
    ids = tuple(text.encode())
    for new_id, pair in enumerate(merges, start=256):
        ids = join_pair(ids, pair, new_id)
    return list(ids)


def decode(token_ids, merges):
    strings = [chr(i) for i in range(256)]
    for left, right in merges:
        strings.append(strings[left] + strings[right])
    if max(token_ids) >= len(strings):
        raise ValueError(f"no token {max(token_ids)}")
    return "".join(strings[token] for token in token_ids)
""",
}
