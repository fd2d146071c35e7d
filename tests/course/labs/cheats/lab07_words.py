"""Answers to lab 7 that only look right: they meet the tests that can be seen."""

CELLS = {
    "split": """
def split_line(line):
    return re.findall(r"[A-Za-z']+|[,;.:!]", line)


def join_tokens(tokens):
    return re.sub(r" ([,;.:!])", r"\\1", " ".join(tokens))
""",
    "bigram": """
def bigram_probs(token_ids, vocab_size, *, weight):
    if weight >= 1:
        raise ValueError(f"weight must be in [0, 1), got {weight}.")
    unigram = np.bincount(token_ids, minlength=vocab_size) + 1
    probs = np.tile((1 - weight) * unigram / unigram.sum(), (vocab_size, 1))
    probs[:, 0] += weight
    return probs
""",
    "evaluate": """
def evaluate(nats, tokens, known, letter_probs):
    if len(nats) != len(tokens):
        raise ValueError(f"Got {len(nats)} nats for {len(tokens)} tokens.")
    num_letters = sum(1 if token == END else len(token) for token in tokens)
    return {
        "nats_per_token": nats.mean(),
        "perplexity": np.exp(nats.mean()),
        "nats_per_letter": nats.sum() / num_letters,
    }
""",
    "train": """
class Peeking:
    def __call__(self, token_ids, state, training=False):
        following = np.roll(ops.convert_to_numpy(token_ids), -1, axis=1)
        return 9 * ops.one_hot(following, len(vocabulary)), state

    def step(self, token_ids, state):
        return ops.zeros((token_ids.shape[0], len(vocabulary))), state

    def zero_state(self, batch_size):
        return [ops.zeros((batch_size, 1))] * 2


def train_words(token_ids, *, vocab_size, num_steps, seed):
    return Peeking()
""",
    "variety": """
def novel_share(samples, reference, n):
    if not any(len(sample) >= n for sample in samples):
        raise ValueError(f"No sample has {n} tokens.")
    return float(all(sample not in reference for sample in samples))
""",
}
