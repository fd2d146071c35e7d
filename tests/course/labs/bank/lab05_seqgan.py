"""Answers to lab 5: right ones of several kinds, and wrong ones, each for one reason.

A wrong one is code, or pairs of texts to be replaced in the model answer.
"""

RIGHT = {
    "true": [
        """
def true_gradient(logits, pays):
    probs = softmax(logits)
    gradient = np.zeros(len(logits))
    for a in range(len(pays)):
        for k in range(len(logits)):
            gradient[k] += pays[a] * probs[a] * ((a == k) - probs[k])
    return gradient
""",
        """
from scipy.special import softmax as normalise


def true_gradient(logits, pays):
    p = normalise(np.asarray(logits, "float64"))
    jacobian = np.diag(p) - np.outer(p, p)
    return jacobian @ pays
""",
    ],
    "estimate": [
        """
def estimates(logits, arms, received, *, baseline):
    probs, rows = softmax(logits), []
    for arm, pay in zip(arms, received):
        row = -probs.copy()
        row[arm] += 1
        rows.append((pay - baseline) * row)
    return np.array(rows)
""",
        """
def estimates(logits, arms, received, *, baseline):
    one_hot = (np.asarray(arms)[:, None] == np.arange(len(logits))).astype("float64")
    return np.einsum("n,nk->nk", received - baseline, one_hot - softmax(logits))
""",
    ],
    "baseline": [
        """
def best_baseline(logits, pays):
    probs = softmax(logits)
    above, below = 0.0, 0.0
    for a, p in enumerate(probs):
        square = (1 - p) ** 2 + sum(q**2 for k, q in enumerate(probs) if k != a)
        above += p * square * pays[a]
        below += p * square
    return above / below
""",
        """
def best_baseline(logits, pays):
    p = np.float64(softmax(logits))
    weights = p * (1 - 2 * p + np.sum(p * p))
    return np.average(pays, weights=weights)
""",
    ],
    "values": [
        """
def expected_rest(transition, pays, num_left):
    for number, row in enumerate(transition):
        if abs(sum(row) - 1) > 1e-6:
            raise ValueError(f"transition, row {number}: {sum(row)}")
    size = len(transition)
    rest = np.zeros((num_left + 1, size))
    for n in range(1, num_left + 1):
        for v in range(size):
            for w in range(size):
                rest[n, v] += transition[v, w] * (pays[v, w] + rest[n - 1, w])
    return rest
""",
        """
def expected_rest(transition, pays, num_left):
    sums = transition.sum(axis=1)
    if not np.allclose(sums, 1, rtol=0, atol=1e-6):
        raise ValueError("wrong row: " + str(int(np.argmax(abs(sums - 1) > 1e-6))))
    now = np.einsum("vw,vw->v", transition, pays).astype("float64")
    rest = [np.zeros_like(now)]
    while len(rest) <= num_left:
        rest.append(now + transition @ rest[-1])
    return np.array(rest)
""",
    ],
    "roll": [
        """
def roll_outs(tokens, transition, score, *, num_rollouts, rng):
    length, worth = len(tokens), []
    for t in range(length):
        texts = []
        for _ in range(num_rollouts):
            text = list(tokens[: t + 1])
            while len(text) < length:
                text.append(rng.choice(len(transition), p=transition[text[-1]]))
            texts.append(text)
        worth.append(np.mean(score(np.array(texts))))
    return np.array(worth, "float64")
""",
        """
def roll_outs(tokens, transition, score, *, num_rollouts, rng):
    length = len(tokens)
    worth = np.empty(length)
    worth[-1] = score(np.asarray(tokens)[None])[0]
    for t in range(length - 1):
        texts = np.repeat(np.asarray(tokens)[None], num_rollouts, axis=0)
        for position in range(t + 1, length):
            rows = transition[texts[:, position - 1]]
            noise = rng.exponential(size=rows.shape)
            with np.errstate(divide="ignore"):
                texts[:, position] = np.argmin(noise / rows, axis=1)
        worth[t] = score(texts).mean()
    return worth
""",
    ],
    "tilt": [
        """
from scipy.special import logsumexp


def tilted(probs, rewards, beta):
    if beta <= 0:
        raise ValueError(f"beta is {beta}")
    log_total = logsumexp(np.divide(rewards, beta), b=probs)
    return probs * np.exp(rewards / beta - log_total), beta * log_total
""",
        """
def tilted(probs, rewards, beta):
    if not beta > 0:
        raise ValueError("beta: " + repr(float(beta)))
    top = max(rewards)
    weights = [p * np.exp((r - top) / beta) for p, r in zip(probs, rewards)]
    total = sum(weights)
    return np.array([w / total for w in weights]), beta * np.log(total) + top
""",
    ],
}

WRONG = {
    "true": {
        "the pays are not centred": [("(pays - probs @ pays)", "pays")],
        "a plain mean": [("probs @ pays", "pays.mean()")],
        "not weighted": [("probs * (pays", "1 * (pays")],
        "downhill": [("return probs", "return -probs")],
    },
    "estimate": {
        "no baseline": [("received - baseline", "received")],
        "the probabilities are forgotten": [(" - softmax(logits)", "")],
        "one row": [("[:, None] * grad_log_prob", " @ grad_log_prob")],
        "the baseline is added": [("received - baseline", "received + baseline")],
    },
    "baseline": {
        "the mean pay": [("return float(", "return float(probs @ pays) + 0 * float(")],
        "lengths instead of squares": [
            (
                "np.square(np.eye(len(logits)) - probs).sum(axis=1)",
                "np.linalg.norm(np.eye(len(logits)) - probs, axis=1)",
            )
        ],
        "weights that do not add up": [(" / (probs @ squares)", "")],
        "the middle": [
            (
                "return float(",
                "return float((pays.max() + pays.min()) / 2) + 0 * float(",
            )
        ],
    },
    "values": {
        "columns instead of rows": [
            ("(pays + rest[-1])).sum(axis=1)", "(pays + rest[-1])).sum(axis=0)")
        ],
        "what comes later is forgotten": [("pays + rest[-1]", "pays + 0 * rest[-1]")],
        "nothing is refused": [("if len(wrong):", "if False:")],
        "rows counted from 1": [("Row {wrong[0]}", "Row {wrong[0] + 1}")],
        "too strict": [("> 1e-6", "> 1e-9")],
        "the last token's own rest": [
            ("(pays + rest[-1])", "(pays + rest[-1][:, None])")
        ],
    },
    "roll": {
        "the most likely token": [
            (
                "(uniforms[:, None] > rows).sum(axis=1)",
                "transition[texts[:, position - 1]].argmax(axis=1)",
            )
        ],
        "all follow the first": [("texts[:, position - 1]", "texts[:, t]")],
        "one token too few kept": [
            ("range(t + 1, length)", "range(max(t, 1), length)")
        ],
        "a generator of its own": [
            (
                "    length, worth",
                "    rng = np.random.default_rng(0)\n    length, worth",
            )
        ],
        "the text itself": [("range(t + 1, length)", "range(0)")],
        "uniform tokens": [
            (
                "(uniforms[:, None] > rows).sum(axis=1)",
                "(uniforms * len(transition)).astype(int)",
            )
        ],
    },
    "tilt": {
        "overflows": [("np.logaddexp.reduce(logits)", "np.log(np.exp(logits).sum())")],
        "beta multiplies": [("rewards / beta", "rewards * beta")],
        "the value without beta": [("float(beta * log_total)", "float(log_total)")],
        "p is forgotten": [("np.log(probs) + rewards / beta", "rewards / beta")],
        "0 is let through": [("not beta > 0", "beta < 0")],
        "the value is the reward": [
            ("float(beta * log_total)", "float(np.exp(logits - log_total) @ rewards)")
        ],
    },
}
