"""Answers to lab 7: right ones of several kinds, and wrong ones, each for one reason.

A wrong one is code, or pairs of texts to be replaced in the model answer.
"""

RIGHT = {
    "split": [
        """
def split_line(line):
    tokens, word = [], ""
    for i, c in enumerate(line):
        inside = word and i + 1 < len(line) and line[i + 1].isalpha()
        if c.isalpha() or (c == "'" and inside):
            word += c
            continue
        if word:
            tokens.append(word)
            word = ""
        if not c.isspace():
            tokens.append(c)
    return tokens + [word] if word else tokens


def join_tokens(tokens):
    line = ""
    for token in tokens:
        if token[0].isalpha() and line:
            line += " "
        line += token
    return line
""",
        r"""
import string

LETTERS = string.ascii_letters
TOKEN = re.compile(rf"[{LETTERS}][{LETTERS}']*(?<!')|\S")


def split_line(line):
    return [match.group(0) for match in TOKEN.finditer(line)]


def join_tokens(tokens):
    return re.sub(r" ([^A-Za-z])", r"\1", " ".join(tokens))
""",
    ],
    "bigram": [
        """
def bigram_probs(token_ids, vocab_size, *, weight):
    if weight < 0 or weight >= 1:
        raise ValueError(f"weight = {weight}")
    ids = [int(i) for i in token_ids]
    counts = collections.Counter(ids)
    u = np.array([counts[w] + 1 for w in range(vocab_size)]) / (len(ids) + vocab_size)
    followers = collections.defaultdict(collections.Counter)
    for v, w in zip(ids, ids[1:]):
        followers[v][w] += 1
    probs = np.tile(u, (vocab_size, 1))
    for v, found in followers.items():
        probs[v] *= 1 - weight
        for w, n in found.items():
            probs[v, w] += weight * n / sum(found.values())
    return probs
""",
        """
def bigram_probs(token_ids, vocab_size, *, weight):
    if not (0 <= weight < 1):
        raise ValueError("weight out of range: " + str(weight))
    pairs = np.asarray(token_ids[:-1]) * vocab_size + np.asarray(token_ids[1:])
    counts = np.bincount(pairs, minlength=vocab_size**2).astype("float64")
    counts = counts.reshape(vocab_size, vocab_size)
    u = (np.bincount(token_ids, minlength=vocab_size) + 1.0)
    u /= len(token_ids) + vocab_size
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.where(totals > 0, counts / totals, u)  # warns: 0 / 0
    return weight * shares + (1 - weight) * u
""",
    ],
    "evaluate": [
        """
import math


def evaluate(nats, tokens, known, letter_probs):
    if len(tokens) != len(nats):
        raise ValueError(f"{len(tokens)} tokens, {len(nats)} nats")
    total, num_letters = 0.0, 0
    for loss, token in zip(nats, tokens):
        total += float(loss)
        num_letters += 1 if token == END else len(token)
        if token in known:
            continue
        for letter in token:
            total -= math.log(letter_probs[letter])
        total -= math.log(letter_probs[" "])
    return {
        "nats_per_token": total / len(tokens),
        "perplexity": math.exp(total / len(tokens)),
        "nats_per_letter": total / num_letters,
    }
""",
        """
def evaluate(nats, tokens, known, letter_probs):
    if len(nats) != len(tokens):
        raise ValueError("lengths: " + str((len(nats), len(tokens))))
    costs = {letter: -np.log(p) for letter, p in letter_probs.items()}
    spelled = "".join(t + " " for t in tokens if t not in known)
    total = np.asarray(nats, "float64").sum() + np.sum([costs[c] for c in spelled])
    lengths = np.array([len(t) if t != END else 1 for t in tokens])
    mean = total / lengths.size
    return dict(
        nats_per_token=mean,
        perplexity=np.exp(mean),
        nats_per_letter=total / lengths.sum(),
    )
""",
    ],
    "train": [
        """
def train_words(token_ids, *, vocab_size, num_steps, seed):
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    model = WordRNN(vocab_size, embedding_dim=32, units=64)
    optimizer = keras.optimizers.Adam(learning_rate=1e-2)

    def loss_fn(windows):
        losses = next_token_losses(model, windows[:, :-1], windows[:, 1:])
        return ops.sum(losses) / (32 * 20)

    step = gradient_step(loss_fn, train=[model], optimizer=optimizer)
    for _ in range(num_steps):
        rows = [
            token_ids[start : start + 21]
            for start in rng.choice(len(token_ids) - 20, size=32)
        ]
        step(np.stack(rows).astype("int32"))
    return model
""",
        """
from keras.losses import sparse_categorical_crossentropy


def train_words(token_ids, *, vocab_size, num_steps, seed):
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    model = WordRNN(vocab_size, embedding_dim=32, units=64)

    def loss_fn(inputs, targets):
        logits, _ = model(inputs, ops.zeros((32, 64)))
        return ops.mean(
            sparse_categorical_crossentropy(targets, logits, from_logits=True)
        )

    step = gradient_step(
        loss_fn, train=[model], optimizer=keras.optimizers.Adam(0.01)
    )
    starts = rng.integers(0, len(token_ids) - 20, size=(num_steps, 32))
    windows = np.lib.stride_tricks.sliding_window_view(token_ids, 21)
    for chosen in starts:
        step(windows[chosen][:, :20], windows[chosen][:, 1:])
    return model
""",
    ],
    "variety": [
        """
def novel_share(samples, reference, n):
    old, new = set(), set()
    for text in reference:
        for i in range(len(text) - n + 1):
            old.add(tuple(text[i : i + n]))
    for text in samples:
        for i in range(len(text) - n + 1):
            new.add(tuple(text[i : i + n]))
    if len(new) == 0:
        raise ValueError(f"n = {n} is longer than each sample")
    return sum(gram not in old for gram in new) / len(new)
""",
        """
from itertools import chain


def novel_share(samples, reference, n):
    found = frozenset(chain.from_iterable(ngrams(s, n) for s in samples))
    if not found:
        raise ValueError("no n-gram, n: " + str(n))
    known = frozenset(chain.from_iterable(ngrams(s, n) for s in reference))
    return 1 - np.float64(len(found & known)) / len(found)
""",
    ],
}

WRONG = {
    "split": {
        "split at spaces": [
            (
                're.findall(r"[A-Za-z]+(?:\'[A-Za-z]+)*|[^\\sA-Za-z]", line)',
                "line.split()",
            )
        ],
        "apostrophes end a word": [("(?:'[A-Za-z]+)*", "")],
        "marks run together": [("|[^\\sA-Za-z]", "|[^\\sA-Za-z]+")],
        "known marks alone": [("|[^\\sA-Za-z]", "|[,;.:!]")],
        "a space before each token": [('f" {t}" if t[0].isalpha() else t', 'f" {t}"')],
    },
    "bigram": {
        "row and column exchanged": [
            ("(token_ids[:-1], token_ids[1:])", "(token_ids[1:], token_ids[:-1])")
        ],
        "no +1": [("minlength=vocab_size) + 1", "minlength=vocab_size)")],
        "a row without a successor is only partly filled": [
            ("np.maximum(totals, 1), unigram)", "np.maximum(totals, 1), 0)")
        ],
        "pairs counted once": [
            (
                "np.add.at(counts, (token_ids[:-1], token_ids[1:]), 1)",
                "counts[token_ids[:-1], token_ids[1:]] += 1",
            )
        ],
        "weight 1 is let through": [("0 <= weight < 1", "0 <= weight <= 1")],
        "the weights exchanged": [
            (
                "weight * pairs + (1 - weight) * unigram",
                "(1 - weight) * pairs + weight * unigram",
            )
        ],
        "the value is not named": [(", got {weight}", "")],
    },
    "evaluate": {
        "unknown words are free": [("if token not in known:", "if False:")],
        "no space": [('f"{token} "', "token")],
        "a mean of exponentials": [
            (
                "float(np.exp(per_token))",
                "float(np.mean(np.exp(nats)) * np.exp(per_token - np.mean(nats)))",
            )
        ],
        "the end has five characters": [
            ("1 if token == END else len(token)", "len(token)")
        ],
        "lengths are not compared": [("if len(nats) != len(tokens):", "if False:")],
        "per letter is per token": [("total / num_letters", "total / len(tokens)")],
    },
    "train": {
        "not trained": [("range(num_steps)", "range(0)")],
        "the targets are the inputs": [
            (
                "step(windows[:, :-1], windows[:, 1:])",
                "step(windows[:, :-1], windows[:, :-1])",
            )
        ],
        "a learning rate ten times smaller": [("Adam(0.01)", "Adam(0.001)")],
        "one step too many": [("range(num_steps)", "range(num_steps + 1)")],
        "the head does not learn": [
            ("train=[model]", "train=[model.embedding, model.rnn]")
        ],
        "the same windows each time": [
            (
                "positions = rng.integers(",
                "positions = np.random.default_rng(0).integers(",
            )
        ],
    },
    "variety": {
        "n-grams counted, not sets": [
            (
                "found = {gram for sample in samples for gram in ngrams(sample, n)}",
                "found = [gram for sample in samples for gram in ngrams(sample, n)]",
            ),
            ("len(found - known)", "len([g for g in found if g not in known])"),
        ],
        "across the border of texts": [
            (
                "{gram for text in reference for gram in ngrams(text, n)}",
                "set(ngrams([t for text in reference for t in text], n))",
            )
        ],
        "the share that is known": [("len(found - known)", "len(found & known)")],
        "no n-gram gives 0": [
            ('raise ValueError(f"No sample has {n} tokens.")', "return 0.0")
        ],
        "whole samples": [
            (
                "return len(found - known) / len(found)",
                "return float(np.mean([s not in reference for s in samples]))",
            )
        ],
    },
}
