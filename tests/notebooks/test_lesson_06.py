"""What lesson 06 promises of its definitions."""

import dataclasses
import importlib.util
import json
import os
import subprocess
import sys

from helpers import lessons
from helpers.files import ROOT
from helpers.train.checkpoint import Checkpoint
from helpers.train.step import compiled

import numpy as np
import pytest
from keras import ops

VOCAB, LENGTH = 11, 12
PARTS = {"norm": "rms", "positions": "rotary", "activation": "squared_relu"} | {
    "use_qk_norm": True,
    "use_token_shift": True,
}


@pytest.fixture(scope="module")
def lesson():
    return lessons.load("06_transformer")


@pytest.fixture
def config(lesson):
    sizes = {"context_length": LENGTH, "width": 16, "num_heads": 2, "depth": 2}
    return lesson.Config(VOCAB, **sizes, **PARTS)


def make_model(lesson, config, seed=0):
    """Return a GPT whose weights, also those that begin at zero, are random."""
    model = lesson.GPT(config)
    model(np.zeros((1, config.context_length), "int32"))
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(size=variable.shape, scale=0.3))
    return model


def some_ids(num_rows, length=LENGTH):
    rng = np.random.default_rng(1)
    return rng.integers(VOCAB, size=(num_rows, length)).astype("int32")


@pytest.mark.parametrize("first_changed", [1, 5, LENGTH - 1])
@pytest.mark.parametrize("parts", [{}, PARTS], ids=["plain", "modern"])
def test_changing_the_future_changes_no_earlier_logit(lesson, parts, first_changed):
    sizes = {"context_length": LENGTH, "width": 16, "num_heads": 2, "depth": 2}
    model = make_model(lesson, lesson.Config(VOCAB, **sizes, **parts))
    moved = {
        place: lesson.earlier_logits_change(
            model, some_ids(3), first_changed=place, vocab_size=VOCAB
        )
        for place in (first_changed,)
    }
    assert moved[first_changed] < 1e-5
    ids = some_ids(3)
    changed = ids.copy()
    changed[:, first_changed] = (changed[:, first_changed] + 1) % VOCAB
    before, after = (ops.convert_to_numpy(model(x)) for x in (ids, changed))
    assert np.abs(before - after)[:, first_changed:].max() > 1e-3


def test_the_past_matters_to_the_last_logits(lesson, config):
    model, ids = make_model(lesson, config), some_ids(2)
    changed = ids.copy()
    changed[:, 0] = (changed[:, 0] + 1) % VOCAB
    before, after = (ops.convert_to_numpy(model(x))[:, -1] for x in (ids, changed))
    assert np.abs(before - after).max() > 1e-4


def test_attention_is_the_formula_place_by_place(lesson):
    q, k, v = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")
    mask = np.tri(5, dtype=bool)
    y = ops.convert_to_numpy(lesson.attention(q, k, v, mask))
    for t in range(5):
        scores = k[: t + 1] @ q[t] / 2
        weights = np.exp(scores) / np.exp(scores).sum()
        np.testing.assert_allclose(y[t], weights @ v[: t + 1], atol=1e-5)


def test_rotation_keeps_lengths_and_scores_depend_on_distance_alone(lesson):
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(2, 1, 8)).astype("float32")

    def at(x, place):
        turns = lesson.rotary_turns(ops.convert_to_tensor([place]), 8)
        return ops.convert_to_numpy(lesson.rotate(x, turns))

    for place in (0, 1, 40):
        np.testing.assert_allclose(
            np.linalg.norm(at(q, place)), np.linalg.norm(q), rtol=1e-5
        )
    np.testing.assert_allclose(at(q, 0), q, atol=1e-6)
    expected = (at(q, 9) * at(k, 4)).sum()
    np.testing.assert_allclose((at(q, 35) * at(k, 30)).sum(), expected, rtol=1e-4)
    assert abs((at(q, 9) * at(k, 5)).sum() - expected) > 1e-3


@pytest.mark.parametrize("parts", [{}, PARTS], ids=["plain", "modern"])
def test_cached_steps_give_the_logits_of_the_whole_window(lesson, parts):
    sizes = {"context_length": LENGTH, "width": 16, "num_heads": 2, "depth": 2}
    config = lesson.Config(VOCAB, **sizes, **parts)
    model, ids = make_model(lesson, config), some_ids(3)
    whole = ops.convert_to_numpy(model(ids))
    cache = lesson.empty_cache(config, 3)
    for t in range(LENGTH):
        logits, cache = lesson.cached_step(
            model, ops.convert_to_tensor(ids[:, t]), cache
        )
        np.testing.assert_allclose(
            ops.convert_to_numpy(logits), whole[:, t], atol=2e-4, rtol=1e-3
        )


def test_writing_with_and_without_cache_gives_the_same_tokens(lesson, config):
    model, prompts = make_model(lesson, config), some_ids(4, length=3)
    knobs = {"num_tokens": LENGTH - 3, "seed": 5, "temperature": 0.7}
    cached = lesson.make_writer(model)(prompts, **knobs)
    reread = lesson.make_writer(model, use_cache=False)(prompts, **knobs)
    np.testing.assert_array_equal(cached, reread)
    assert len({tuple(row) for row in cached[:, 3:].tolist()}) > 1


def test_past_the_context_a_one_block_cache_sees_the_last_tokens_alone(lesson, config):
    config = dataclasses.replace(config, depth=1, use_token_shift=False)
    model, ids = make_model(lesson, config), some_ids(2, length=2 * LENGTH + 3)
    cache = lesson.empty_cache(config, 2)
    for t in range(ids.shape[1]):
        logits, cache = lesson.cached_step(
            model, ops.convert_to_tensor(ids[:, t]), cache
        )
    window = ops.convert_to_numpy(model(ids[:, -LENGTH:]))[:, -1]
    np.testing.assert_allclose(ops.convert_to_numpy(logits), window, atol=1e-3)


def test_a_table_of_places_ends_where_its_context_ends(lesson, config):
    config = dataclasses.replace(config, positions="learned")
    write = lesson.make_writer(make_model(lesson, config))
    with pytest.raises(ValueError, match=f"{LENGTH + 1} tokens.*{LENGTH}"):
        write(some_ids(1, length=3), num_tokens=LENGTH - 2, seed=0)


def test_orthogonalise_brings_singular_values_near_one_and_keeps_directions(lesson):
    rng = np.random.default_rng(0)
    for shape in ((6, 20), (20, 6), (8, 8)):
        u, _, v = np.linalg.svd(rng.normal(size=shape), full_matrices=False)
        singular = np.linspace(1, 0.2, min(shape))
        matrix = (u * singular @ v).astype("float32")
        result = ops.convert_to_numpy(lesson.orthogonalise(matrix))
        values = np.linalg.svd(result, compute_uv=False)
        assert 0.5 < values.min() and values.max() < 1.4
        assert (
            np.abs(u.T @ result @ v.T - np.diag(np.diag(u.T @ result @ v.T))).max()
            < 1e-3
        )


def test_the_evaluator_counts_every_window_once(lesson):
    counts = np.random.default_rng(0).random((VOCAB, VOCAB))

    def table(ids, training=False):
        return ops.take(ops.convert_to_tensor(counts.astype("float32")), ids, axis=0)

    table.variables = []
    ids = some_ids(1, length=50)[0]
    evaluate = lesson.make_evaluator(table, ids, window_length=4, batch_size=5)
    log_probs = counts - np.log(np.exp(counts).sum(axis=1, keepdims=True))
    surprise = -log_probs[ids[:-1], ids[1:]][:48].reshape(12, 4)
    np.testing.assert_allclose(evaluate(), surprise.mean(axis=0), rtol=1e-4)


def test_bad_input_is_refused_with_both_numbers(lesson, config):
    model = make_model(lesson, config)
    with pytest.raises(ValueError, match=f"at most {LENGTH} tokens.*{LENGTH + 1}"):
        model(some_ids(1, length=LENGTH + 1))
    with pytest.raises(ValueError, match="width 18 and 4 heads"):
        dataclasses.replace(config, width=18, num_heads=4)
    with pytest.raises(ValueError, match="got 3 and 32"):
        lesson.Heads(32, 3)
    with pytest.raises(ValueError, match="for 2 rows, got 3"):
        lesson.cached_step(
            model, ops.convert_to_tensor([1, 2, 3]), lesson.empty_cache(config, 2)
        )
    with pytest.raises(ValueError, match="norm must be one of.*'batch'"):
        dataclasses.replace(config, norm="batch")


def test_a_checkpoint_of_another_configuration_is_refused(lesson, config, tmp_path):
    Checkpoint(tmp_path / "a.npz", [make_model(lesson, config)]).save(3, {})
    wider = make_model(lesson, dataclasses.replace(config, width=20))
    with pytest.raises(ValueError, match="16.*20"):
        Checkpoint(tmp_path / "a.npz", [wider]).restore()


def test_the_gpu_budget_has_the_published_size(lesson):
    config = lesson.Config(
        65, context_length=256, width=384, num_heads=6, depth=6, **PARTS
    )
    model = lesson.GPT(dataclasses.replace(config, product_dtype="bfloat16"))
    logits = compiled(model, uses=[model])(some_ids(1, length=8))
    assert tuple(logits.shape) == (1, 8, 65)
    assert round(model.count_params() / 1e6, 1) == 10.7


TWO_STEPS = """
import json, sys
import keras, numpy as np
from helpers import lessons
from helpers.train.step import gradient_step
if sys.argv[1] == "parallel":
    keras.distribution.set_distribution(keras.distribution.DataParallel())
lesson = lessons.load("06_transformer")
keras.utils.set_random_seed(0)
config = lesson.Config(11, context_length=8, width=16, num_heads=2, depth=1)
model = lesson.GPT(config)
history = lesson.fit_model(
    model, np.arange(500, dtype="int32") % 11, optimizer=keras.optimizers.Adam(1e-2),
    num_steps=6, batch_size=8, window_length=8, seed=0, steps_per_epoch=2,
)
import jax
kernel = model.blocks[0].attention.qkv.kernel.value
seen = []
step = gradient_step(
    lambda x: jax.debug.inspect_array_sharding(
        x, callback=lambda sharding: seen.append(sharding.shard_shape((8, 8)))
    ) or keras.ops.mean(model(x)),
    train=[model], optimizer=keras.optimizers.SGD(0.0),
)
step(np.zeros((8, 8), "int32"))
devices = len(jax.devices()), len(kernel.devices())
print(json.dumps([*devices, seen[-1], history["loss"]]))
"""


def test_four_devices_train_as_one_does():
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed: uv sync --inexact --group jax")
    environment = os.environ | {
        "KERAS_BACKEND": "jax",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
    }
    results = {}
    for mode in ("single", "parallel"):
        done = subprocess.run(
            [sys.executable, "-c", TWO_STEPS, mode],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        results[mode] = json.loads(done.stdout.splitlines()[-1])
    # devices, devices that hold a weight, one device's share of a batch of (8, 8)
    assert results["single"][:3] == [4, 1, [8, 8]]
    assert results["parallel"][:3] == [4, 4, [2, 8]]
    np.testing.assert_allclose(results["parallel"][3], results["single"][3], rtol=1e-4)
