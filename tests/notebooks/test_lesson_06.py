"""What the two pages of lesson 06 promise of their definitions."""

import dataclasses
import importlib.util
import json
import os
import subprocess
import sys

from helpers import lessons
from helpers.files import ROOT
from helpers.text.tokens import Vocabulary
from helpers.train.checkpoint import Checkpoint
from helpers.train.step import compiled

import keras
import numpy as np
import pytest
from keras import ops

VOCAB, LENGTH = 11, 12
SIZES = {"context_length": LENGTH, "width": 16, "num_heads": 2, "depth": 2}
PARTS = {"norm": "rms", "positions": "rotary", "activation": "squared_relu"} | {
    "use_qk_norm": True,
    "use_token_shift": True,
}
MODELS = ["core", "core with biases", "switches off", "modern"]


@pytest.fixture(scope="module")
def lesson():
    return lessons.load("06_transformer")


@pytest.fixture(scope="module")
def further():
    return lessons.load("further/06_transformer")


@pytest.fixture
def config(further):
    return further.ModernConfig(VOCAB, **SIZES, **PARTS)


def with_random_weights(model, seed=0):
    """Build a model and make all its weights random, also those that begin at zero."""
    model(np.zeros((1, model.context_length), "int32"))
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(size=variable.shape, scale=0.3))
    return model


def make_model(kind, lesson, further):
    """Return one of `MODELS`, with random weights."""
    return with_random_weights(
        {
            "core": lambda: lesson.GPT(lesson.Config(VOCAB, **SIZES)),
            "core with biases": lambda: lesson.GPT(
                lesson.Config(VOCAB, **SIZES, use_bias=True)
            ),
            "switches off": lambda: further.ModernGPT(
                further.ModernConfig(VOCAB, **SIZES)
            ),
            "modern": lambda: further.ModernGPT(
                further.ModernConfig(VOCAB, **SIZES, **PARTS)
            ),
        }[kind]()
    )


def some_ids(num_rows, length=LENGTH):
    rng = np.random.default_rng(1)
    return rng.integers(VOCAB, size=(num_rows, length)).astype("int32")


def logits_moved(model, position):
    """Change the id at one position; return how far each position's logits move."""
    ids = some_ids(3)
    changed = ids.copy()
    changed[:, position] = (changed[:, position] + 1) % VOCAB
    before, after = (ops.convert_to_numpy(model(x)) for x in (ids, changed))
    return np.abs(before - after).max(axis=(0, 2))  # (time,)


@pytest.mark.parametrize("position", [1, 5, LENGTH - 1])
@pytest.mark.parametrize("kind", MODELS)
def test_a_character_changes_the_logits_from_its_position_on(
    lesson, further, kind, position
):
    moved = logits_moved(make_model(kind, lesson, further), position)
    assert moved[:position].max() < 1e-5
    assert moved[position:].min() > 1e-4


def test_a_model_without_mask_is_caught_changing_earlier_logits(lesson):
    class Unmasked(lesson.SelfAttention):
        def mask(self, time):
            return np.ones((time, time), bool)

    body = [Unmasked(16, 2)]
    model = with_random_weights(lesson.LanguageModel(VOCAB, LENGTH, 16, body))
    assert logits_moved(model, 5)[:5].max() > 1e-3


def test_a_model_with_an_empty_body_knows_its_own_character_alone(lesson):
    model = with_random_weights(lesson.LanguageModel(VOCAB, LENGTH, 16, []))
    moved = logits_moved(model, 5)
    assert moved[5] > 1e-3 and np.delete(moved, 5).max() == 0


def test_one_head_is_self_attention_with_one_head(lesson):
    x = np.random.default_rng(0).normal(size=(2, 5, 8)).astype("float32")
    head, several = lesson.Head(8), lesson.SelfAttention(8, 1)
    expected = head(x)
    several(x)
    several.set_weights(head.get_weights())
    np.testing.assert_allclose(
        ops.convert_to_numpy(several(x)), ops.convert_to_numpy(expected), atol=1e-5
    )


def test_each_head_attends_with_its_own_piece_of_the_width(lesson):
    x = np.random.default_rng(0).normal(size=(1, 5, 8)).astype("float32")
    layer = lesson.SelfAttention(8, 2)
    layer(x)
    q, k, v, out = (ops.convert_to_numpy(w) for w in layer.weights)
    mask, pieces = np.tri(5, dtype=bool), []
    for part in (slice(0, 4), slice(4, 8)):
        args = (x @ matrix[:, part] for matrix in (q, k, v))
        pieces.append(ops.convert_to_numpy(lesson.attention(*args, mask)))
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer(x)), np.concatenate(pieces, -1) @ out, atol=1e-5
    )


def test_a_block_is_its_two_lines(lesson):
    x = np.random.default_rng(0).normal(size=(2, 5, 8)).astype("float32")
    block = lesson.Block(8, 2)
    y = block(x)
    half = x + block.attention(block.norm_1(x))
    expected = half + block.feed_forward(block.norm_2(half))
    np.testing.assert_allclose(
        ops.convert_to_numpy(y), ops.convert_to_numpy(expected), atol=1e-5
    )


def test_dropout_is_there_in_training_alone(lesson):
    model = lesson.GPT(lesson.Config(VOCAB, **SIZES, dropout=0.5))
    ids = some_ids(2)
    first, second = (ops.convert_to_numpy(model(ids, training=True)) for _ in range(2))
    assert np.abs(first - second).max() > 1e-3
    first, second = (ops.convert_to_numpy(model(ids)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_biases_are_in_attention_and_feed_forward_and_only_if_asked_for(lesson):
    for use_bias in (False, True):
        model = lesson.GPT(lesson.Config(VOCAB, **SIZES, use_bias=use_bias))
        model(some_ids(1))
        names = [v.path.split("/")[-1] for v in model.trainable_variables]
        assert names.count("bias") == use_bias * 6 * SIZES["depth"]


def test_with_all_switches_off_the_modern_model_is_that_of_the_core_page(
    lesson, further
):
    core, ids = make_model("core", lesson, further), some_ids(3)
    modern = make_model("switches off", lesson, further)
    shapes = [
        sorted(tuple(v.shape) for v in m.trainable_variables) for m in (core, modern)
    ]
    assert shapes[0] == shapes[1]
    pairs = [
        (modern.token_embedding, core.token_embedding),
        (modern.position_embedding, core.position_embedding),
        *zip(modern.blocks, core.blocks, strict=True),
        (modern.norm, core.body[-1]),
        (modern.head, core.head),
    ]
    for mine, theirs in pairs:
        named = {_within(v, theirs): v for v in theirs.trainable_variables}
        for variable in mine.trainable_variables:
            name = _within(variable, mine).replace("/norm/", "/")
            variable.assign(named[name])
    np.testing.assert_allclose(
        ops.convert_to_numpy(modern(ids)), ops.convert_to_numpy(core(ids)), atol=1e-4
    )


def _within(variable, layer):
    """Return where in a layer a variable is, by the names of attributes."""
    for name, part in vars(layer).items():
        if isinstance(part, keras.layers.Layer) and any(
            variable is v for v in part.trainable_variables
        ):
            return f"{name}/{_within(variable, part)}"
    return variable.name


def test_the_future_cannot_be_reached_by_the_padding_of_the_writer(lesson):
    model = with_random_weights(lesson.LanguageModel(VOCAB, LENGTH, 16, []))
    vocabulary = Vocabulary("abcdefghijk")
    text = lesson.write(model, vocabulary, "ab", num_chars=2 * LENGTH, seed=0)
    assert text.startswith("ab") and len(text) == 2 + 2 * LENGTH
    assert text == lesson.write(model, vocabulary, "ab", num_chars=2 * LENGTH, seed=0)
    assert text != lesson.write(model, vocabulary, "ab", num_chars=2 * LENGTH, seed=1)


def test_the_writer_draws_what_the_model_predicts(lesson):
    model = with_random_weights(lesson.LanguageModel(VOCAB, LENGTH, 16, []))
    head = np.zeros((16, VOCAB))
    model.position_embedding.embeddings.assign(np.zeros((LENGTH, 16)))
    model.token_embedding.embeddings.assign(50 * np.eye(VOCAB, 16))
    head[np.arange(VOCAB), (np.arange(VOCAB) + 1) % VOCAB] = 1  # the next letter
    model.head.kernel.assign(head)
    vocabulary = Vocabulary("abcdefghijk")
    text = lesson.write(model, vocabulary, "c", num_chars=13, seed=0)
    assert text == "cdefghijkabcde"


def test_attention_is_the_formula_place_by_place(lesson):
    q, k, v = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")
    mask = np.tri(5, dtype=bool)
    y = ops.convert_to_numpy(lesson.attention(q, k, v, mask))
    for t in range(5):
        scores = k[: t + 1] @ q[t] / 2
        weights = np.exp(scores) / np.exp(scores).sum()
        np.testing.assert_allclose(y[t], weights @ v[: t + 1], atol=1e-5)


def test_rotation_keeps_lengths_and_scores_depend_on_distance_alone(further):
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(2, 1, 8)).astype("float32")

    def at(x, position):
        turns = further.rotary_turns(ops.convert_to_tensor([position]), 8)
        return ops.convert_to_numpy(further.rotate(x, turns))

    for position in (0, 1, 40):
        np.testing.assert_allclose(
            np.linalg.norm(at(q, position)), np.linalg.norm(q), rtol=1e-5
        )
    np.testing.assert_allclose(at(q, 0), q, atol=1e-6)
    expected = (at(q, 9) * at(k, 4)).sum()
    np.testing.assert_allclose((at(q, 35) * at(k, 30)).sum(), expected, rtol=1e-4)
    assert abs((at(q, 9) * at(k, 5)).sum() - expected) > 1e-3


def test_half_of_the_channels_come_from_the_position_before(further):
    x = np.random.default_rng(0).normal(size=(2, 5, 6)).astype("float32")
    y = ops.convert_to_numpy(further.shift_half(x))
    np.testing.assert_array_equal(y[:, 1:, :3], x[:, :-1, :3])
    np.testing.assert_array_equal(y[:, 0, :3], 0)
    np.testing.assert_array_equal(y[..., 3:], x[..., 3:])
    after_2 = ops.convert_to_numpy(further.shift_half(x[:, 2:], x[:, 1:2]))
    np.testing.assert_array_equal(after_2, y[:, 2:])


@pytest.mark.parametrize("kind", ["switches off", "modern"])
def test_cached_steps_give_the_logits_of_the_whole_window(lesson, further, kind):
    model, ids = make_model(kind, lesson, further), some_ids(3)
    whole = ops.convert_to_numpy(model(ids))
    cache = further.empty_cache(model.config, 3)
    for t in range(LENGTH):
        logits, cache = further.cached_step(
            model, ops.convert_to_tensor(ids[:, t]), cache
        )
        np.testing.assert_allclose(
            ops.convert_to_numpy(logits), whole[:, t], atol=2e-4, rtol=1e-3
        )


def test_writing_with_and_without_cache_gives_the_same_tokens(lesson, further):
    model, prompts = make_model("modern", lesson, further), some_ids(4, length=3)
    knobs = {"num_tokens": LENGTH - 3, "seed": 5, "temperature": 0.7}
    cached = further.make_writer(model)(prompts, **knobs)
    reread = further.make_writer(model, use_cache=False)(prompts, **knobs)
    np.testing.assert_array_equal(cached, reread)
    assert len({tuple(row) for row in cached[:, 3:].tolist()}) > 1


def test_past_the_context_a_one_block_cache_sees_the_last_tokens_alone(further, config):
    config = dataclasses.replace(config, depth=1, use_token_shift=False)
    model = with_random_weights(further.ModernGPT(config))
    ids = some_ids(2, length=2 * LENGTH + 3)
    cache = further.empty_cache(config, 2)
    for t in range(ids.shape[1]):
        logits, cache = further.cached_step(
            model, ops.convert_to_tensor(ids[:, t]), cache
        )
    window = ops.convert_to_numpy(model(ids[:, -LENGTH:]))[:, -1]
    np.testing.assert_allclose(ops.convert_to_numpy(logits), window, atol=1e-3)


def test_a_table_of_positions_ends_where_its_context_ends(lesson, further):
    write = further.make_writer(make_model("switches off", lesson, further))
    with pytest.raises(ValueError, match=f"{LENGTH + 1} tokens.*{LENGTH}"):
        write(some_ids(1, length=3), num_tokens=LENGTH - 2, seed=0)


def test_attention_maps_are_the_weights_that_the_blocks_use(lesson, further):
    model, ids = make_model("modern", lesson, further), some_ids(2)
    maps = further.attention_maps(model, ids)
    assert maps.shape == (2, 2, 2, LENGTH, LENGTH)  # blocks, texts, heads, time, time
    np.testing.assert_allclose(maps.sum(axis=-1), 1, atol=1e-5)
    assert np.abs(np.triu(maps, k=1)).max() == 0
    block = model.blocks[0]
    h = block.norm_1(model.embed(ids, ops.arange(LENGTH)))
    _, _, v = block.attention.heads(h, ops.arange(LENGTH))
    y = block.attention.join(ops.matmul(maps[0].astype("float32"), v))
    np.testing.assert_allclose(
        ops.convert_to_numpy(y), ops.convert_to_numpy(block.attention(h)), atol=1e-4
    )


def test_muon_takes_the_matrices_of_the_blocks_and_leaves_the_rest_to_adam(further):
    # The table of positions, (LENGTH, 16), has the shape of a hidden matrix.
    config = further.ModernConfig(VOCAB, **SIZES, use_bias=True, use_qk_norm=True)
    model = with_random_weights(further.ModernGPT(config))
    optimizer = further.make_optimizer(model, 1e-3, 30)
    variables = model.trainable_variables
    optimizer.apply([ops.ones(v.shape) for v in variables], variables)
    taken = set()  # the variables whose squared gradient is not kept
    for variable in variables:
        index = optimizer._get_variable_index(variable)
        if not ops.convert_to_numpy(optimizer._velocities[index]).any():
            taken.add(variable.path)
    matrices = [
        layer.kernel
        for block in model.blocks
        for layer in (
            *(block.attention.query, block.attention.key, block.attention.value),
            *(block.attention.projection, block.feed_forward.up),
            block.feed_forward.down,
        )
    ]
    assert taken == {matrix.path for matrix in matrices}
    assert len(taken) == 6 * SIZES["depth"]


def test_muon_steps_along_the_orthogonalised_gradient_and_adam_elsewhere(further):
    rng = np.random.default_rng(0)
    values = [rng.normal(size=(6, 4)).astype("float32") for _ in range(2)]
    gradients = [
        ops.convert_to_tensor(rng.normal(size=(6, 4)).astype("float32")) for _ in "ab"
    ]
    ours = [keras.Variable(value) for value in values]
    theirs = [keras.Variable(value) for value in values]
    options = {"weight_decay": 0.0}
    muon = further.Muon(0.1, matrices=ours[:1], **options)
    muon.apply(gradients, ours)
    keras.optimizers.AdamW(0.1, **options).apply(gradients, theirs)
    after = [ops.convert_to_numpy(v) for v in ours]
    np.testing.assert_allclose(after[1], ops.convert_to_numpy(theirs[1]), atol=1e-6)
    direction = ops.convert_to_numpy(further.orthogonalise(gradients[0]))
    expected = values[0] - 0.1 * 0.2 * 6**0.5 * direction
    np.testing.assert_allclose(after[0], expected, atol=1e-4)


def test_orthogonalise_brings_singular_values_near_one_and_keeps_directions(further):
    rng = np.random.default_rng(0)
    for shape in ((6, 20), (20, 6), (8, 8)):
        u, _, v = np.linalg.svd(rng.normal(size=shape), full_matrices=False)
        singular = np.linspace(1, 0.2, min(shape))
        matrix = (u * singular @ v).astype("float32")
        result = ops.convert_to_numpy(further.orthogonalise(matrix))
        values = np.linalg.svd(result, compute_uv=False)
        assert 0.5 < values.min() and values.max() < 1.4
        assert (
            np.abs(u.T @ result @ v.T - np.diag(np.diag(u.T @ result @ v.T))).max()
            < 1e-3
        )


class Table:
    """Logits that are read from a table of pairs."""

    def __init__(self):
        self.logits = np.random.default_rng(0).random((VOCAB, VOCAB))
        self.variables = []

    def __call__(self, ids):
        table = ops.convert_to_tensor(self.logits.astype("float32"))
        return ops.take(table, ids, axis=0)

    def losses(self, ids):
        """Return the loss of each id but the first, (num_ids - 1,)."""
        totals = np.log(np.exp(self.logits).sum(axis=1, keepdims=True))
        return (totals - self.logits)[ids[:-1], ids[1:]]


def test_the_evaluator_counts_every_window_once(lesson):
    table, ids = Table(), some_ids(1, length=50)[0]
    evaluate = lesson.make_evaluator(table, ids, window_length=4, batch_size=5)
    expected = table.losses(ids)[:48].reshape(12, 4)
    np.testing.assert_allclose(evaluate(), expected.mean(axis=0), rtol=1e-4)


def test_with_a_stride_the_last_positions_of_the_windows_tile_the_text(lesson):
    table, ids = Table(), some_ids(1, length=50)[0]
    evaluate = lesson.make_evaluator(table, ids, window_length=8, stride=2)
    expected = table.losses(ids)[6:48].reshape(-1, 2)  # 6 are past of the first window
    np.testing.assert_allclose(evaluate()[-2:], expected.mean(axis=0), rtol=1e-4)


def test_bad_input_is_refused_with_both_numbers(lesson, further, config):
    for kind in MODELS:
        model = make_model(kind, lesson, further)
        with pytest.raises(ValueError, match=f"at most {LENGTH} tokens.*{LENGTH + 1}"):
            model(some_ids(1, length=LENGTH + 1))
    with pytest.raises(ValueError, match="width 18 and 4 heads"):
        dataclasses.replace(config, width=18, num_heads=4)
    with pytest.raises(ValueError, match="got 3 and 32"):
        lesson.SelfAttention(32, 3)
    with pytest.raises(ValueError, match="multiple of 100, got 150"):
        lesson.fit_model(model, some_ids(1)[0], None, {}, num_steps=150, seed=0)
    with pytest.raises(ValueError, match="for 2 rows, got 3"):
        further.cached_step(
            model, ops.convert_to_tensor([1, 2, 3]), further.empty_cache(config, 2)
        )
    with pytest.raises(ValueError, match="norm must be one of.*'batch'"):
        dataclasses.replace(config, norm="batch")


def test_a_checkpoint_of_another_configuration_is_refused(further, config, tmp_path):
    model = with_random_weights(further.ModernGPT(config))
    Checkpoint(tmp_path / "a.npz", [model]).save(3, {})
    wider = with_random_weights(
        further.ModernGPT(dataclasses.replace(config, width=20))
    )
    with pytest.raises(ValueError, match="16.*20"):
        Checkpoint(tmp_path / "a.npz", [wider]).restore()


def test_the_gpu_budget_has_the_published_size(further):
    config = further.ModernConfig(
        65, context_length=256, width=384, num_heads=6, depth=6, **PARTS
    )
    model = further.ModernGPT(dataclasses.replace(config, product_dtype="bfloat16"))
    logits = compiled(model, uses=[model])(some_ids(1, length=8))
    assert tuple(logits.shape) == (1, 8, 65)
    assert round(model.count_params() / 1e6, 1) == 10.7
    assert {v.dtype for v in model.trainable_variables} == {"float32"}


SIX_STEPS = """
import json, sys
import jax, keras, numpy as np
from helpers import lessons
if sys.argv[1] == "parallel":
    keras.distribution.set_distribution(keras.distribution.DataParallel())
lesson = lessons.load("06_transformer")
seen = []  # the shapes of one device's part of the batches of training

class Watched(lesson.GPT):
    def call(self, token_ids, training=False):
        if training:
            jax.debug.inspect_array_sharding(
                token_ids, callback=lambda s: seen.append(s.shard_shape((8, 8)))
            )
        return super().call(token_ids, training=training)

keras.utils.set_random_seed(0)
model = Watched(lesson.Config(11, context_length=8, width=16, num_heads=2, depth=1))
history = lesson.fit_model(
    model, np.arange(500, dtype="int32") % 11, keras.optimizers.Adam(1e-2),
    {"batch_size": 8, "window_length": 8}, num_steps=6, seed=0,
)
kernel = model.blocks[0].attention.query.kernel.value
devices = len(jax.devices()), len(kernel.devices())
print(json.dumps([*devices, sorted(set(seen)), history["loss"]]))
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
            [sys.executable, "-c", SIX_STEPS, mode],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        results[mode] = json.loads(done.stdout.splitlines()[-1])
    # devices, devices that hold a weight, one device's part of a batch of (8, 8)
    assert results["single"][:3] == [4, 1, [[8, 8]]]
    assert results["parallel"][:3] == [4, 4, [[2, 8]]]
    np.testing.assert_allclose(results["parallel"][3], results["single"][3], rtol=1e-4)
