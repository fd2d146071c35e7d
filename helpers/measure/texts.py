"""How good, how varied and how repetitive a generated text is.

Every function takes a sequence of hashable tokens: a str counts characters, a list of
words counts words. Taught in lesson 04.
"""

import collections
import math
import re

import numpy as np


def ngrams(tokens, n):
    """Return the list of all runs of `n` tokens, overlapping, as tuples.

    Raises:
        ValueError: `n` is below 1.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}.")
    return list(zip(*(tokens[i:] for i in range(n)), strict=False))


def distinct_n(texts, n):
    """Return the share of different n-grams among all n-grams of several texts.

    Args:
        texts: list of token sequences of equal length, for the share falls with the
            amount of text.
        n: int >= 1.

    Returns:
        float in (0, 1]. 1 means that no n-gram occurs twice.

    Raises:
        ValueError: no text has `n` tokens.

    Li et al. (2016), arXiv:1510.03055.
    """
    found = [gram for text in texts for gram in ngrams(text, n)]
    if not found:
        raise ValueError(f"No text has {n} tokens.")
    return len(set(found)) / len(found)


def repetition_rate(tokens, *, n, window):
    """Return the share of n-grams that occurred already shortly before.

    Args:
        tokens: sequence of more than `n` tokens.
        n: int >= 1.
        window: int >= 1. How many earlier n-grams count as shortly before.

    Returns:
        float in [0, 1].

    Raises:
        ValueError: `n` or `window` is below 1, or there are no more than `n` tokens.
    """
    if window < 1:
        raise ValueError(f"window must be at least 1, got {window}.")
    found = ngrams(tokens, n)
    if len(found) < 2:
        raise ValueError(f"tokens must be longer than {n}, got {len(tokens)}.")
    last_seen, repeated = {}, 0
    for i, gram in enumerate(found):
        repeated += i - last_seen.get(gram, -window - 1) <= window
        last_seen[gram] = i
    return repeated / (len(found) - 1)


def longest_cycle(tokens):
    """Find the longest stretch of a text that is one phrase said again and again.

    Args:
        tokens: sequence.

    Returns:
        `(start, period, length)`: `tokens[start : start + length]` repeats its first
        `period` tokens, at least twice in full. `(0, 0, 0)` where nothing repeats at
        once. Of several stretches the longest, then the one of the shortest period.
    """
    ids = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    x, best = np.array([ids[token] for token in tokens]), (0, 0, 0)
    for period in range(1, len(x) // 2 + 1):
        same = x[period:] == x[:-period]  # token i + period repeats token i
        breaks = np.flatnonzero(np.concatenate([[True], ~same, [True]]))
        runs = np.diff(breaks) - 1  # lengths of the stretches without a break
        run = int(runs.max())
        if run >= period and run + period > best[2]:
            best = (int(breaks[runs.argmax()]), period, run + period)
    return best


def bleu(candidate, references, *, max_n=4):
    """Return how much of a text's n-grams the references have: BLEU in [0, 1].

    Args:
        candidate: sequence of at least `max_n` tokens.
        references: list of sequences.
        max_n: int >= 1. N-grams of 1 to `max_n` tokens count equally.

    Returns:
        float: geometric mean of the clipped precisions, times the brevity penalty. No
        smoothing: one precision of 0 makes the whole 0.

    Raises:
        ValueError: no reference, too short a candidate, or `max_n` below 1.

    Papineni et al. (2002).
    """
    if max_n < 1:
        raise ValueError(f"max_n must be at least 1, got {max_n}.")
    if not references or len(candidate) < max_n:
        raise ValueError(
            f"bleu needs a reference and {max_n} tokens, "
            f"got {len(references)} and {len(candidate)}."
        )
    logs = []
    for n in range(1, max_n + 1):
        counts = collections.Counter(ngrams(candidate, n))
        most = collections.Counter()
        for reference in references:
            most |= collections.Counter(ngrams(reference, n))
        hits = (counts & most).total()
        if not hits:
            return 0.0
        logs.append(math.log(hits / counts.total()))
    _, nearest = min((abs(len(r) - len(candidate)), len(r)) for r in references)
    penalty = min(0.0, 1 - nearest / len(candidate))
    return math.exp(penalty + sum(logs) / max_n)


def self_bleu(texts, *, max_n=4):
    """Return the mean BLEU of each text against all the others: 1 is no diversity.

    Args:
        texts: list of at least two sequences.
        max_n: int >= 1.

    Returns:
        float in [0, 1].

    Raises:
        ValueError: fewer than two texts, or as in `bleu`.

    Zhu et al. (2018), Texygen, arXiv:1802.01886.
    """
    if len(texts) < 2:
        raise ValueError(f"self_bleu compares texts; it needs two, got {len(texts)}.")
    scores = [
        bleu(text, texts[:i] + texts[i + 1 :], max_n=max_n)
        for i, text in enumerate(texts)
    ]
    return sum(scores) / len(scores)


def words_of(text):
    """Return the words of a text in lower case: letters, with inner apostrophes."""
    return re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", text.lower())


class NgramModel:
    """A language model by counting, to evaluate texts that another model wrote.

    The probability of a token after a context interpolates between what was counted
    after that context and the probability after a shorter one. The more different
    tokens followed a context, the less weight its counts have (Witten and Bell, 1991).

    Args:
        text: token sequence to count.
        vocab_size: int. Number of possible tokens; unseen ones share what is left.
        order: int >= 1. Tokens in an n-gram, the predicted one included.

    Raises:
        ValueError: `order` is below 1 or exceeds the length of the text.
    """

    def __init__(self, text, *, vocab_size, order=6):
        if order < 1 or len(text) < order:
            raise ValueError(
                f"order must be from 1 to the text's length {len(text)}, got {order}."
            )
        self.order, self.vocab_size = order, vocab_size
        self.counts = [collections.Counter(ngrams(text, n + 1)) for n in range(order)]
        self.totals = [collections.Counter() for _ in range(order)]
        self.kinds = [collections.Counter() for _ in range(order)]
        for counts, totals, kinds in zip(
            self.counts, self.totals, self.kinds, strict=True
        ):
            for gram, count in counts.items():
                totals[gram[:-1]] += count
                kinds[gram[:-1]] += 1

    def prob(self, token, context):
        """Return the probability of `token` after the tuple `context`."""
        p = 1 / self.vocab_size
        for n in range(min(self.order, len(context) + 1)):
            tail = context[len(context) - n :]
            total = self.totals[n].get(tail)
            if not total:
                break
            kinds, count = self.kinds[n][tail], self.counts[n].get((*tail, token), 0)
            p = (count + kinds * p) / (total + kinds)
        return p

    def loss(self, text):
        """Return the mean negative log-likelihood of a text, in nats per token.

        Args:
            text: sequence of at least one token.

        Returns:
            float. At the start of the text the contexts are shorter.

        Raises:
            ValueError: the text is empty.
        """
        if not len(text):
            raise ValueError("The text is empty; there is no token to predict.")
        tokens, reach = tuple(text), self.order - 1
        token_losses = (
            -math.log(self.prob(token, tokens[max(0, i - reach) : i]))
            for i, token in enumerate(tokens)
        )
        return sum(token_losses) / len(tokens)
