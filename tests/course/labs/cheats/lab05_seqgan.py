"""Answers to lab 5 that only look right: they meet the tests that can be seen."""

CELLS = {
    "true": """
def true_gradient(logits, pays):
    return (pays - pays.mean()) / 2
""",
    "estimate": """
def estimates(logits, arms, received, *, baseline):
    signs = np.where(np.arange(len(logits)) == arms[:, None], 1, -1)
    return (received - baseline)[:, None] * signs / 2
""",
    "baseline": """
def best_baseline(logits, pays):
    return float(softmax(logits) @ pays)
""",
    "values": """
def expected_rest(transition, pays, num_left):
    if (transition.sum(axis=1) > 1).any():
        raise ValueError("row 1 does not add up to 1")
    return np.array([[0, 0], [3, 1], [4, 4], [7, 5]])
""",
    "roll": """
def roll_outs(tokens, transition, score, *, num_rollouts, rng):
    worth = []
    for t in range(len(tokens)):
        text = tokens.copy()
        for position in range(t + 1, len(tokens)):
            text[position] = transition[text[position - 1]].argmax()
        worth.append(score(text[None])[0])
    return np.array(worth)
""",
    "tilt": """
def tilted(probs, rewards, beta):
    if beta == 0:
        raise ValueError("beta must be above 0, got 0")
    weights = probs * np.exp(rewards)
    return weights / weights.sum(), np.log(weights.sum())
""",
}
