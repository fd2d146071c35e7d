"""Answers to lab 4: right ones of several kinds, and wrong ones, each for one reason.

A wrong one is code, or pairs of texts to be replaced in the model answer.
"""

RIGHT = {
    "read": [
        """
def read(weights, token_ids, state):
    E, W, b, V, a = (weights[name] for name in "EWbVa")
    logits = []
    for t in range(token_ids.shape[1]):
        state = ops.tanh(ops.take(E, token_ids[:, t], axis=0) + state @ W + b)
        logits.append(ops.matmul(state, V) + a)
    return ops.stack(logits, axis=1), state
""",
        """
def read(weights, token_ids, state):
    one_hot = ops.one_hot(token_ids, weights["E"].shape[0])
    inputs = ops.einsum("btv,vu->btu", one_hot, weights["E"])
    states = None
    for t in range(token_ids.shape[1]):
        inside = inputs[:, t] + ops.dot(state, weights["W"]) + weights["b"]
        state = 2 * ops.sigmoid(2 * inside) - 1
        new = ops.expand_dims(state, 1)
        states = new if states is None else ops.concatenate([states, new], axis=1)
    return ops.einsum("btu,uv->btv", states, weights["V"]) + weights["a"], state
""",
    ],
    "back": [
        """
def back_through_time(first_state, states, d_states, W):
    time, units = states.shape
    delta = np.zeros(units)
    d_W = np.zeros((units, units))
    for t in range(time - 1, -1, -1):
        g = d_states[t] + W.dot(delta)
        delta = g * (1 - states[t]) * (1 + states[t])
        h = first_state if t == 0 else states[t - 1]
        for i in range(units):
            d_W[i] += h[i] * delta
    return d_W, W.dot(delta)
""",
        """
def back_through_time(first_state, states, d_states, W):
    deltas, after = [], np.zeros(len(first_state), "float64")
    for h, g in zip(states[::-1], d_states[::-1]):
        after = (1 - h**2) * (g + after @ W.T)
        deltas.append(after)
    before = np.vstack([first_state, states[:-1]])
    return np.einsum("ti,tj->ij", before, np.array(deltas[::-1])), after @ W.T
""",
    ],
    "stream": [
        """
def stream_loss(weights, token_ids, *, window_length, carry):
    if not window_length >= 1:
        raise ValueError(f"window_length is {window_length}")
    units = weights["W"].shape[0]
    state, losses = np.zeros((1, units), "float32"), []
    position = 0
    while position < len(token_ids) - 1:
        window = token_ids[position : position + window_length + 1]
        if not carry:
            state = np.zeros((1, units), "float32")
        logits, state = read(weights, window[None, :-1], state)
        log_probs = ops.convert_to_numpy(ops.log_softmax(logits, axis=-1))[0]
        losses += [-log_probs[i, token] for i, token in enumerate(window[1:])]
        position += window_length
    return float(np.mean(losses))
""",
        """
from scipy.special import logsumexp


def stream_loss(weights, token_ids, *, window_length, carry):
    if window_length < 1:
        raise ValueError("window_length may not be " + str(window_length))
    zeros = ops.zeros((1, ops.shape(weights["W"])[0]))
    total, count, state = np.float64(0), 0, zeros
    cuts = np.arange(window_length, len(token_ids) - 1, window_length)
    inputs = np.split(np.asarray(token_ids[:-1]), cuts)
    targets = np.split(np.asarray(token_ids[1:]), cuts)
    for x, y in zip(inputs, targets):
        logits, state = read(weights, x[None], state if carry else zeros)
        logits = ops.convert_to_numpy(logits)[0].astype("float64")
        total += (logsumexp(logits, axis=1) - logits[np.arange(len(y)), y]).sum()
        count += len(y)
    return total / count
""",
    ],
    "train": [
        """
def train_rnn(token_ids, *, units, num_steps, seed):
    weights = make_weights(len(vocabulary), units, seed=seed)

    def loss_fn(inputs, targets, state):
        logits, last = read(weights, inputs, state)
        log_probs = ops.log_softmax(logits, axis=-1)
        hits = ops.one_hot(targets, len(vocabulary))
        return -ops.mean(ops.sum(log_probs * hits, axis=-1)), {"state": last}

    optimizer = keras.optimizers.Adam(learning_rate=0.005, global_clipnorm=1.0)
    step = gradient_step(
        loss_fn, train=[weights[name] for name in "EWbVa"], optimizer=optimizer
    )

    def endless():
        while True:
            yield from enumerate(
                carried_windows(token_ids, batch_size=32, window_length=25)
            )

    stream = endless()
    for _ in range(num_steps):
        number, (inputs, targets) = next(stream)
        if number == 0:
            state = np.zeros((32, units), "float32")
        state = step(inputs, targets, state)[1]["state"]
    return weights
""",
        """
import itertools


def train_rnn(token_ids, *, units, num_steps, seed):
    weights = make_weights(len(vocabulary), units, seed=seed)
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def loss_fn(x, y, state):
        logits, state = read(weights, x, state)
        return cross_entropy(y, logits), {"state": state}

    step = gradient_step(
        loss_fn,
        train=list(weights.values()),
        optimizer=keras.optimizers.Adam(5e-3, global_clipnorm=1),
    )
    windows = list(carried_windows(token_ids, batch_size=32, window_length=25))
    for i in range(num_steps):
        if i % len(windows) == 0:
            state = ops.zeros((32, units))
        _, found = step(*windows[i % len(windows)], state)
        state = found["state"]
    return weights
""",
    ],
    "temperature": [
        """
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax


def best_temperature(logits, targets):
    def loss(log_t):
        log_probs = log_softmax(logits / np.exp(log_t), axis=1)
        return -log_probs[np.arange(len(targets)), targets].mean()

    found = minimize_scalar(
        loss, bounds=(np.log(0.1), np.log(10)), method="bounded",
        options={"xatol": 1e-4},
    )
    return float(np.exp(found.x))
""",
        """
def best_temperature(logits, targets):
    logits = np.asarray(logits, "float64")
    logits = logits - logits.max(axis=1, keepdims=True)
    best, lowest = None, np.inf
    temperature = 0.1
    while temperature <= 10:
        scaled = logits / temperature
        total = np.log(np.exp(scaled).sum(axis=1))
        loss = np.mean(total - scaled[np.arange(len(scaled)), targets])
        if loss < lowest:
            best, lowest = temperature, loss
        temperature *= 1.005
    return best
""",
    ],
}

WRONG = {
    "read": {
        "the state passed in is ignored": [
            ("    states = []\n", "    states, state = [], ops.zeros_like(state)\n")
        ],
        "no memory": [
            ('ops.matmul(state, weights["W"])', '0 * ops.matmul(state, weights["W"])')
        ],
        "no bias": [(' + weights["b"]', "")],
        "no bias of the logits": [(' + weights["a"]', "")],
        "the first state is returned": [
            ("    states = []\n", "    states, first = [], state\n"),
            ('weights["a"], state', 'weights["a"], first'),
        ],
        "W transposed": [
            (
                'ops.matmul(state, weights["W"])',
                'ops.matmul(state, ops.transpose(weights["W"]))',
            )
        ],
    },
    "back": {
        "one step back alone": [(" + W @ delta)\n", ")\n")],
        "W transposed": [("d_states[t] + W @ delta", "d_states[t] + delta @ W")],
        "the state at the same step": [
            ("np.outer(before[t], delta)", "np.outer(states[t], delta)")
        ],
        "no tanh": [("(1 - states[t] ** 2) * ", "")],
        "the first state's own delta": [("return d_W, W @ delta", "return d_W, delta")],
    },
    "stream": {
        "windows weighted alike": [
            (
                "total += float(ops.sum(nats))",
                "total += float(ops.mean(nats)) / -(-inputs.shape[1] // window_length)",
            ),
            ("return total / inputs.shape[1]", "return total"),
        ],
        "never carried": [("last if carry else zeros", "zeros")],
        "always carried": [("last if carry else zeros", "last")],
        "the last window is left out": [
            (
                "range(0, inputs.shape[1], window_length)",
                "range(0, inputs.shape[1] - window_length + 1, window_length)",
            )
        ],
        "negative lengths are let through": [
            ("if window_length < 1:", "if window_length == 0:")
        ],
    },
    "train": {
        "the state is emptied at each window": [
            ('state = metrics["state"]', 'state = 0 * metrics["state"]')
        ],
        "not trained": [("while steps_done < num_steps", "while steps_done < 0")],
        "the text once, whatever num_steps": [
            ("            if steps_done == num_steps:\n                break\n", "")
        ],
        "a larger learning rate": [("Adam(0.005", "Adam(0.02")],
        "the targets are the inputs": [
            ("targets, logits, from_logits", "inputs, logits, from_logits")
        ],
        "E stays as it is": [
            ("list(weights.values())", "[weights[name] for name in 'WbVa']")
        ],
        "every second step": [("steps_done += 1", "steps_done += 2")],
    },
    "temperature": {
        "always 1": [("return candidates[", "return 1.0 + 0 * candidates[")],
        "1 / T": [("logits / temperature", "logits * temperature")],
        "overflows": [
            (
                "        scaled = scaled - scaled.max(axis=1, keepdims=True)\n",
                "        scaled = np.float32(scaled)\n",
            )
        ],
        "a coarse grid": [("np.geomspace(0.1, 10, 601)", "np.geomspace(0.1, 10, 9)")],
        "the worst": [("np.argmin", "np.argmax")],
    },
}
