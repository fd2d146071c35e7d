from helpers.train.step import compiled, gradient_step, input_gradient

import keras
import numpy as np
import pytest
from keras import layers, ops, tree

NUMPY = ops.convert_to_numpy


def make_line(weight=1.0, bias=0.0):
    """A dense layer with one input and one output, and its mean squared error."""
    line = layers.Dense(1)
    line.build((None, 1))
    line.set_weights([np.array([[weight]], "float32"), np.array([bias], "float32")])

    def loss_fn(x, y):
        return ops.mean(ops.square(line(x) - y))

    return line, loss_fn


X = np.array([[1.0], [2.0], [3.0]], "float32")
Y = np.array([[3.0], [5.0], [7.0]], "float32")


@pytest.mark.parametrize("jit_compile", [False, True, "update"])
def test_a_step_of_gradient_descent_follows_the_closed_form(jit_compile):
    line, loss_fn = make_line()
    optimizer = keras.optimizers.SGD(0.1)
    step = gradient_step(
        loss_fn, train=[line], optimizer=optimizer, jit_compile=jit_compile
    )
    loss = step(X, Y)
    error = X - Y  # of the line with weight 1 and bias 0
    assert float(NUMPY(loss)) == pytest.approx(np.mean(error**2))
    weight, bias = line.get_weights()
    assert weight.item() == pytest.approx(1 - 0.1 * np.mean(2 * error * X), rel=1e-6)
    assert bias.item() == pytest.approx(-0.1 * np.mean(2 * error), rel=1e-6)


def test_the_gradient_of_single_rows_follows_the_closed_form():
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    gradient = NUMPY(input_gradient(lambda rows: ops.sum(rows**3, axis=-1), x))
    np.testing.assert_allclose(gradient, 3 * x**2, rtol=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_loss_may_hold_the_gradient_of_the_input(jit_compile):
    line, loss_fn = make_line(weight=3.0)

    def steep_loss(x, y):
        return loss_fn(x, y) + ops.mean(ops.square(input_gradient(line, x)))

    step = gradient_step(
        steep_loss,
        train=[line],
        optimizer=keras.optimizers.SGD(0.1),
        jit_compile=jit_compile,
    )
    loss = step(X, 3 * X)  # which the line meets: the steepness is all of the loss
    assert float(NUMPY(loss)) == pytest.approx(9.0)  # the weight, squared
    weight, bias = line.get_weights()
    assert weight.item() == pytest.approx(3 - 0.1 * 2 * 3)
    assert bias.item() == pytest.approx(0.0)


@pytest.mark.parametrize("jit_compile", [False, True, "update"])
def test_a_token_that_comes_again_is_one_step_of_adam(jit_compile):
    table = layers.Embedding(5, 2)
    table.build(None)
    table.set_weights([np.ones((5, 2), "float32")])
    step = gradient_step(
        lambda ids: ops.sum(ops.square(table(ids))),
        train=[table],
        optimizer=keras.optimizers.Adam(0.1),  # its first step is as long as its rate
        jit_compile=jit_compile,
    )
    step(np.array([1, 1, 1, 4], "int32"))
    moved = [1.0, 0.9, 1.0, 1.0, 0.9]
    np.testing.assert_allclose(table.get_weights()[0][:, 0], moved, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:Gradients do not exist")  # those of `unused`
@pytest.mark.parametrize("num_parts", [2, 3])
def test_a_step_in_parts_is_the_step_of_the_whole_batch(num_parts):
    rows = 5 + np.arange(12, dtype="float32").reshape(6, 2)  # no error is 0
    results, weights = [], []
    for parts in (1, num_parts):
        table, line, unused = layers.Embedding(4, 2), layers.Dense(1), layers.Dense(1)
        for layer in (table, line, unused):
            layer.build((None, 2))
        table.set_weights([np.ones((4, 2), "float32")])
        line.set_weights([np.array([[2.0], [-1.0]], "float32"), np.zeros(1)])

        def loss_fn(ids, x, table=table, line=line):
            error = ops.square(line(table(ids))[:, 0] - ops.sum(x["rows"], axis=1))
            return ops.mean(error), {"largest id": ops.mean(ids)}

        step = gradient_step(
            loss_fn,
            train=[table, line, unused],
            optimizer=keras.optimizers.Adam(0.1, global_clipnorm=1.0),
            num_parts=parts,
        )
        ids = np.array([0, 1, 1, 3, 3, 3], "float32")
        results.append([step(ids, {"rows": rows}) for _ in range(3)])
        weights.append([*table.get_weights(), *line.get_weights()])
    tree.map_structure(
        lambda a, b: np.testing.assert_allclose(NUMPY(a), NUMPY(b), rtol=1e-5), *results
    )
    for whole, cut in zip(*weights, strict=True):
        np.testing.assert_allclose(whole, cut, rtol=1e-4)


def test_no_weight_moves_before_the_penalty_has_read_it():
    """The bias decides which units the penalty sees, and its gradient does not."""
    x = np.random.default_rng(0).random((32, 20), dtype="float32")
    keras.utils.set_random_seed(0)
    hidden, head = layers.Dense(8), layers.Dense(1, use_bias=False)
    net = keras.Sequential([keras.Input((20,)), hidden, layers.LeakyReLU(0.2), head])
    start = net.get_weights()

    def loss_fn(x):
        value = ops.mean(net(x))
        slopes = input_gradient(net, x)
        return value + ops.mean(ops.sum(ops.square(slopes), axis=1))

    W, b, w = start
    s = np.where(x @ W + b > 0, 1, 0.2)  # (32, 8)
    slopes = (s * w[:, 0]) @ W.T  # (32, 20)
    expected = [
        (x + 2 * slopes).T @ (s * w[:, 0]) / 32,
        (s * w[:, 0]).mean(axis=0),
        (s * (x @ W + b + 2 * slopes @ W)).mean(axis=0)[:, None],
    ]
    for _ in range(20):  # without the order one graph of TensorFlow in eight was wrong
        net.set_weights(start)
        sgd = keras.optimizers.SGD(1.0)
        gradient_step(loss_fn, train=[net], optimizer=sgd)(x)
        for old, new, gradient in zip(start, net.get_weights(), expected, strict=True):
            np.testing.assert_allclose(old - new, gradient, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="ignores parts")
def test_a_batch_that_cannot_be_cut_evenly_is_an_error():
    line, loss_fn = make_line()
    step = gradient_step(
        lambda x: loss_fn() + 0 * ops.sum(x),
        train=[line],
        optimizer=keras.optimizers.SGD(0.1),
        num_parts=2,
    )
    with pytest.raises(ValueError, match="3 rows cannot be cut into 2"):
        step(np.zeros((3, 1), "float32"))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="ignores parts")
@pytest.mark.parametrize("scalar", [2.0, np.float32(2.0)])
def test_a_scalar_of_a_batch_cannot_be_cut(scalar):
    line, loss_fn = make_line()
    step = gradient_step(
        lambda x, y, weight: weight * loss_fn(x, y),
        train=[line],
        optimizer=keras.optimizers.SGD(0.1),
        num_parts=3,
    )
    with pytest.raises(ValueError, match="scalar of a batch has no rows.*3 parts"):
        step(X, Y, scalar)


def test_no_part_is_an_error():
    line, loss_fn = make_line()
    optimizer = keras.optimizers.SGD(0.1)
    with pytest.raises(ValueError, match="got 0"):
        gradient_step(loss_fn, train=[line], optimizer=optimizer, num_parts=0)


def test_an_unknown_way_to_compile_is_an_error():
    line, loss_fn = make_line()
    optimizer = keras.optimizers.SGD(0.1)
    with pytest.raises(ValueError, match="'all'"):
        gradient_step(loss_fn, train=[line], optimizer=optimizer, jit_compile="all")


def test_a_step_changes_train_and_leaves_uses_alone():
    line, _ = make_line()
    other, _ = make_line(weight=2.0)

    def loss_fn(x):
        return ops.mean(ops.square(line(x) - other(x))), {"mean": ops.mean(other(x))}

    optimizer = keras.optimizers.Adam(0.1)
    step = gradient_step(loss_fn, train=[line], uses=[other], optimizer=optimizer)
    _, metrics = step(X)
    assert float(NUMPY(metrics["mean"])) == pytest.approx(4.0)
    assert other.get_weights()[0].item() == 2.0
    assert line.get_weights()[0].item() != 1.0


def test_random_state_advances_from_step_to_step_and_repeats_with_the_seed():
    def draws():
        line, _ = make_line()
        generator = keras.random.SeedGenerator(5)

        def loss_fn(x):
            noise = keras.random.normal((), seed=generator)
            return ops.mean(line(x)), {"noise": noise}

        step = gradient_step(
            loss_fn, train=[line], uses=[generator], optimizer=keras.optimizers.SGD(0.0)
        )
        return [float(NUMPY(step(X)[1]["noise"])) for _ in range(3)]

    first = draws()
    assert len(set(first)) == 3
    assert draws() == first


def test_a_loss_may_carry_a_state_from_batch_to_batch_in_a_variable():
    line, loss_fn = make_line()
    state = keras.Variable(0.0)

    def carrying_loss(x, y):
        state.assign(2 * state + ops.sum(x))
        return loss_fn(x, y)

    optimizer = keras.optimizers.SGD(0.1)
    step = gradient_step(carrying_loss, train=[line], uses=[state], optimizer=optimizer)
    for expected in (6.0, 18.0, 42.0):
        step(X, Y)
        assert float(NUMPY(state)) == expected


def test_batch_normalisation_updates_its_moving_mean():
    norm = layers.BatchNormalization(momentum=0.0)
    norm.build((None, 1))

    def loss_fn(x):
        return ops.mean(norm(x, training=True))

    step = gradient_step(loss_fn, train=[norm], optimizer=keras.optimizers.SGD(0.1))
    step(X)
    assert NUMPY(norm.moving_mean).item() == pytest.approx(2.0)


def test_nothing_to_train_is_an_error():
    with pytest.raises(ValueError, match="train must hold a trainable variable"):
        gradient_step(lambda: 0.0, train=[], optimizer=keras.optimizers.SGD(0.1))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_tracing_sees_the_dtype_policy_of_the_thread_that_calls(jit_compile):
    policies = []

    def double(x):
        policies.append(keras.config.dtype_policy().name)
        return 2 * x

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        compiled(double, jit_compile=jit_compile)(np.ones(3))
    finally:
        keras.config.set_dtype_policy(before)
    assert set(policies) == {"mixed_bfloat16"}


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_compiled_function_sees_weights_change(jit_compile):
    line, _ = make_line(weight=2.0)
    predict = compiled(lambda x: line(x), uses=[line], jit_compile=jit_compile)
    np.testing.assert_allclose(NUMPY(predict(X)), 2 * X)
    line.set_weights([np.array([[3.0]]), np.array([0.0])])
    np.testing.assert_allclose(NUMPY(predict(X)), 3 * X)
