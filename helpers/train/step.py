"""The compiled gradient step on every backend.

Lessons write losses and models in Keras 3. What differs between TensorFlow, JAX and
PyTorch is how a function is compiled and differentiated; that difference lives here.
"""

import functools

from helpers.backend import keras, ops

from keras import tree


def gradient_step(
    loss_fn, *, train, uses=(), optimizer, jit_compile=False, num_parts=1
):
    """Compile one gradient step.

    Args:
        loss_fn: function of a batch, `loss_fn(*batch)`. Returns a scalar loss, or
            `(loss, values)` with a dict of tensors: metrics, which are scalars, or what
            the next step needs, such as the last state of a recurrent network. It is
            differentiated with respect to the trainable variables of `train`.
        train: list of models, layers or variables that the optimizer changes.
        uses: list of everything else whose state `loss_fn` reads or advances: other
            models, `keras.random.SeedGenerator`s, variables. JAX needs to know.
        optimizer: `keras.optimizers.Optimizer`. Built here for `train`.
        jit_compile: bool or `"update"`. Compile with XLA. Faster for dense and
            attention models on a CPU, slower for recurrent layers, convolutions and
            large random draws; `"update"` compiles what the optimizer does alone, which
            pays where the weights are many and the batch is small. JAX always compiles
            all; PyTorch ignores it.
        num_parts: int >= 1. TensorFlow cuts each array of the batch into so many equal
            parts and computes their losses and gradients side by side, one part a core
            after `helpers.train.threads.run_side_by_side`. The step is that of the
            whole batch where the loss is a mean over rows. JAX and PyTorch ignore it.

    Returns:
        `step(*batch)`, which takes arrays, updates `train` once and returns what
        `loss_fn` returned.

    Raises:
        ValueError: `train` holds no trainable variable, `jit_compile` is unknown, or
            a batch cannot be cut into `num_parts` equal parts.

    Lesson 02 writes the TensorFlow version out in full.
    """
    variables = [v for v in variables_of(train) if v.trainable]
    if not variables:
        raise ValueError("train must hold a trainable variable, got none.")
    if jit_compile not in (False, True, "update"):
        raise ValueError(
            f"jit_compile must be False, True or 'update', got {jit_compile!r}."
        )
    if num_parts < 1:
        raise ValueError(f"num_parts must be at least 1, got {num_parts}.")
    optimizer.build(variables)
    if keras.backend.backend() == "tensorflow":
        return _tf_step(loss_fn, variables, optimizer, jit_compile, num_parts)
    if keras.backend.backend() == "torch":
        return _torch_step(loss_fn, variables, optimizer)
    state = _others([*train, *uses], variables)
    return _jax_step(loss_fn, variables, state, optimizer)


def compiled(fn, *, uses=(), jit_compile=False):
    """Compile a function that learns nothing, such as an evaluation or a sampler.

    Args:
        fn: function of arrays, or nested lists and dicts of them, that returns tensors.
        uses: list of models, seed generators and variables that `fn` reads or advances.
        jit_compile: bool, as in `gradient_step`.

    Returns:
        function with the arguments and results of `fn`.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        options = {"autograph": False, "reduce_retracing": True}
        return tf.function(fn, jit_compile=jit_compile, **options)
    if backend == "torch":
        import torch

        return lambda *arrays: torch.no_grad()(fn)(*_tensors(arrays))
    import jax

    state = _others(uses, [])

    @jax.jit
    def pure(state_values, arrays):
        with keras.StatelessScope(zip(state, state_values, strict=True)) as scope:
            result = fn(*arrays)
        return result, [scope.get_current_value(v) for v in state]

    def call(*arrays):
        result, new_values = pure([v.value for v in state], _tensors(arrays))
        _assign(state, new_values)
        return result

    return call


def input_gradient(fn, x):
    """Return the gradient of a function of single rows with respect to the rows.

    Inside the `loss_fn` of `gradient_step` it is differentiated in turn, so a loss can
    charge a network for its steepness.

    Args:
        fn: function of a tensor `(batch, ...)`, such as a model; gives one number for
            each row, `(batch,)` or `(batch, 1)`, which depends on that row alone.
        x: float, `(batch, ...)`. Where the gradient is taken.

    Returns:
        float, the shape of `x`. Row `i` is the gradient of `fn(x)[i]` in `x[i]`.
    """
    x, backend = ops.convert_to_tensor(x), keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            total = ops.sum(fn(x))
        return tape.gradient(total, x)
    if backend == "torch":
        import torch

        x = x if x.requires_grad else x.detach().requires_grad_()
        return torch.autograd.grad(ops.sum(fn(x)), x, create_graph=True)[0]
    import jax

    return jax.grad(lambda rows: ops.sum(fn(rows)))(x)


def variables_of(objects):
    """List the variables of models, layers, optimizers, seed generators, once each."""
    found = {}
    for thing in objects:
        if isinstance(thing, keras.random.SeedGenerator):
            mine = [thing.state]
        else:
            mine = getattr(thing, "variables", [thing])
        found |= {id(v): v for v in mine}
    return list(found.values())


def _others(objects, variables):
    """List the variables of `objects` that are not among `variables`."""
    known = {id(v) for v in variables}
    return [v for v in variables_of(objects) if id(v) not in known]


def _tensors(arrays):
    return tree.map_structure(ops.convert_to_tensor, arrays)


def _sharded(arrays):
    """Return tensors, cut along the batch where Keras distributes over devices."""
    arrays, distribution = _tensors(arrays), keras.distribution.distribution()
    if distribution is None:
        return arrays

    def shard(x):
        layout = distribution.get_data_layout(x.shape)
        return keras.distribution.distribute_tensor(x, layout)

    return tree.map_structure(lambda x: shard(x) if x.ndim else x, arrays)


def _assign(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _loss_of(result):
    return result[0] if isinstance(result, tuple) else result


def _tf_step(loss_fn, variables, optimizer, jit_compile, num_parts):
    import tensorflow as tf

    options = {"autograph": False, "reduce_retracing": True}

    def update(gradients):
        optimizer.apply(gradients, variables)

    if jit_compile == "update":
        update = tf.function(update, jit_compile=True, **options)

    def differentiate(batch):
        with tf.GradientTape() as tape:
            result = loss_fn(*batch)
        values = [v.value for v in variables]
        # The gradient of an embedding has a row for each use of a token. The rows of a
        # token are added up here: Keras's Adam would square them one by one.
        return result, [
            gradient if gradient is None else tf.convert_to_tensor(gradient)
            for gradient in tape.gradient(_loss_of(result), values)
        ]

    def mean(*values):
        if num_parts == 1 or values[0] is None:
            return values[0]
        return sum(values) / num_parts

    @functools.partial(tf.function, jit_compile=jit_compile is True, **options)
    def step(*batch):
        parts = [differentiate(part) for part in _cut(batch, num_parts)]
        results, gradients = zip(*parts, strict=True)
        result = tree.map_structure(mean, *results)
        gradients = [mean(*each) for each in zip(*gradients, strict=True)]
        # No weight moves before the loss is known. By itself TensorFlow's optimizer of
        # graphs now and then drops that order, and a weight that the loss reads but
        # whose gradient does not need the value, such as a bias in the penalty of
        # `input_gradient`, is then read after its change.
        with tf.control_dependencies(tree.flatten(_tensors(result))):
            update(gradients)
        return result

    return step


def _cut(batch, num_parts):
    """Return equal parts of a batch of TensorFlow tensors, cut along the rows."""
    if num_parts == 1:
        return [batch]
    import tensorflow as tf

    def cut(x):
        x = tf.convert_to_tensor(x)
        if x.shape.rank == 0:
            raise ValueError(
                f"A scalar of a batch has no rows to cut into {num_parts} parts "
                "(num_parts of gradient_step). Give it a value for each row."
            )
        if x.shape[0] is not None and x.shape[0] % num_parts:
            raise ValueError(
                f"A batch of {x.shape[0]} rows cannot be cut into {num_parts} equal "
                "parts (num_parts of gradient_step)."
            )
        return tf.split(x, num_parts)

    leaves = [cut(x) for x in tree.flatten(batch)]
    parts = zip(*leaves, strict=True)
    return [tree.pack_sequence_as(batch, list(part)) for part in parts]


def _jax_step(loss_fn, variables, state, optimizer):
    import jax

    def loss_and_state(values, state_values, batch):
        mapping = [
            *zip(variables, values, strict=True),
            *zip(state, state_values, strict=True),
        ]
        with keras.StatelessScope(mapping) as scope:
            result = loss_fn(*batch)
        new_state = [scope.get_current_value(v) for v in state]
        return _loss_of(result), (result, new_state)

    @jax.jit
    def pure(values, state_values, optimizer_values, batch):
        (_, (result, new_state)), gradients = jax.value_and_grad(
            loss_and_state, has_aux=True
        )(values, state_values, batch)
        values, optimizer_values = optimizer.stateless_apply(
            optimizer_values, gradients, values
        )
        return result, values, new_state, optimizer_values

    groups = variables, state, optimizer.variables

    def step(*batch):
        old = [[v.value for v in group] for group in groups]
        result, *new = pure(*old, _sharded(batch))
        for group, values in zip(groups, new, strict=True):
            _assign(group, values)
        return result

    return step


def _torch_step(loss_fn, variables, optimizer):
    import torch

    def step(*batch):
        result = loss_fn(*_tensors(batch))
        values = [v.value for v in variables]
        gradients = torch.autograd.grad(_loss_of(result), values, allow_unused=True)
        with torch.no_grad():
            optimizer.apply(list(gradients), variables)
        return tree.map_structure(ops.stop_gradient, result)

    return step
