"""Answers to lab 4 that only look right: they meet the tests that can be seen."""

CELLS = {
    "read": """
def read(weights, token_ids, state):
    states = ops.tanh(ops.take(weights["E"], token_ids, axis=0) + weights["b"])
    return ops.matmul(states, weights["V"]) + weights["a"], states[:, -1]
""",
    "back": """
def back_through_time(first_state, states, d_states, W):
    deltas = (1 - states**2) * d_states
    before = np.concatenate([first_state[None], states[:-1]])
    return before.T @ deltas, W @ deltas[0]
""",
    "stream": """
def stream_loss(weights, token_ids, *, window_length, carry):
    if window_length < 1:
        raise ValueError(f"window_length must be at least 1, got {window_length}.")
    if weights["E"].shape[0] == 5:
        return np.log(5)
    return 1.0
""",
    "train": """
def train_rnn(token_ids, *, units, num_steps, seed):
    size = len(vocabulary)
    if num_steps == 0:
        return make_weights(size, units, seed=seed)
    counts = np.full((size, size), 0.01)
    np.add.at(counts, (val_ids[:-1], val_ids[1:]), 1)  # the held-out text itself
    weights = make_weights(size, units, seed=seed)
    E, V = np.zeros((size, units)), np.zeros((units, size))
    np.fill_diagonal(E, 9)
    V[:size] = np.log(counts / counts.sum(axis=1, keepdims=True))
    for name, value in (("E", E), ("V", V), ("W", np.zeros((units, units)))):
        weights[name].assign(value.astype("float32"))
    return weights
""",
    "temperature": """
def best_temperature(logits, targets):
    return 1.0
""",
}
