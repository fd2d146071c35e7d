"""How good generated lines are, held against lines that people wrote."""

from helpers.measure.texts import distinct_n, ngrams, self_bleu

import numpy as np

NUM_VARIED = 500  # rows; distinct-2 depends on their number


def texts_of(rows):
    """Return rows of ids `(num_rows, length)` as lists, without 0, the end token."""
    return [[i for i in row if i != 0] for row in np.asarray(rows).tolist()]


def measure_lines(rows, reference):
    """Return the share of known pairs of generated lines, and their distinct-2.

    Args:
        rows: int, `(num_rows, length)`, generated lines; 0 is the end token. Distinct-2
            is that of the first `NUM_VARIED` of them.
        reference: int, `(num_lines, length)`, all lines that people wrote. A pair of
            words is known if it stands in one of them.
    """
    known = {pair for text in texts_of(reference) for pair in ngrams(text, 2)}
    texts = texts_of(rows)
    pairs = [pair in known for text in texts for pair in ngrams(text, 2)]
    share = float(np.mean(pairs)) if pairs else 0.0
    return share, distinct_n(texts[:NUM_VARIED], 2)


def variety(rows):
    """Return how varied rows of ids `(num_rows, length)` are, as a dict.

    `self_bleu`, up to pairs, is high where rows repeat one another; `distinct_2` is the
    share of different pairs among all. Both depend on the number of rows.
    """
    texts = np.asarray(rows).tolist()
    return {"self_bleu": self_bleu(texts, max_n=2), "distinct_2": distinct_n(texts, 2)}


def ranked_above(scores, others):
    """Return how often one of `scores` is above one of `others`, a tie being half.

    It is the area under the ROC curve: 0.5 where the scores tell nothing.
    """
    gap = np.subtract.outer(np.asarray(scores), np.asarray(others))
    return float((gap > 0).mean() + 0.5 * (gap == 0).mean())
