"""What lesson 08 promises of its definitions, and of GPT-2's weights in its blocks."""

import importlib.util
import itertools
import json
import re
import subprocess
import sys

from helpers.data.safetensors import read_safetensors
from helpers.lessons import load
from helpers.text.gpt2 import gpt2_sizes, set_gpt2_weights
from helpers.text.losses import token_losses

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

VOCAB, LENGTH, WIDTH, HEADS, DEPTH = 13, 10, 12, 3, 2


@pytest.fixture(scope="module")
def lesson():
    return load("08_pretrained")


def numpy(x):
    return ops.convert_to_numpy(x)


def some_ids(num_rows=2):
    rng = np.random.default_rng(1)
    return rng.integers(VOCAB, size=(num_rows, LENGTH)).astype("int32")


def small_model(lesson, seed=0, **parts):
    """Return a small model whose weights are all random, zeros included."""
    keras.utils.set_random_seed(seed)
    sizes = {"num_heads": HEADS, "depth": DEPTH} | parts
    config = lesson.further_06.ModernConfig(VOCAB, LENGTH, WIDTH, **sizes)
    model = lesson.build(lesson.further_06.ModernGPT(config))
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(size=variable.shape, scale=0.3))
    return model


# Byte pairs


def by_library(text, num_merges):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r" ?\S+"), "isolated")
    size = len(set("".join(re.findall(r" ?\S+", text)))) + num_merges
    trainer = trainers.BpeTrainer(vocab_size=size, min_frequency=2, show_progress=False)
    tokenizer.train_from_iterator([text], trainer)
    found = json.loads(tokenizer.to_str())["model"]["merges"]
    return [tuple(pair) for pair in found]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(words=st.lists(st.text("abcd", min_size=1, max_size=6), min_size=1, max_size=20))
def test_merges_by_hand_give_back_the_word_and_occur_twice(lesson, words):
    text = " ".join(words)
    merges = lesson.learn_merges(text, 30)
    pieces = [tuple(word) for word in re.findall(r" ?\S+", text)]
    for pair in merges:
        count = sum(list(itertools.pairwise(w)).count(pair) for w in pieces)
        assert count >= 2
        pieces = [lesson.merge(word, pair) for word in pieces]
    assert "".join(itertools.chain(*pieces)) == text


def test_merges_by_hand_are_those_of_the_library(lesson):
    text = (
        "It was the best of times, it was the worst of times, it was the age of "
        "wisdom, it was the age of foolishness, it was the epoch of belief"
    )
    merges = lesson.learn_merges(text, 40)
    assert len(merges) >= 20
    assert merges == by_library(text, 40)


def test_a_pair_that_overlaps_itself_is_merged_from_the_left(lesson):
    assert lesson.merge(tuple("aaaaa"), ("a", "a")) == ("aa", "aa", "a")
    assert lesson.merge(tuple("abcab"), ("a", "b")) == ("ab", "c", "ab")


def test_pairs_that_occur_once_are_left(lesson):
    assert lesson.learn_merges("abc def", 9) == []
    assert lesson.learn_merges("", 9) == []


def test_nats_per_character_are_losses_of_tokens_over_characters(lesson):
    model = small_model(lesson)

    class Halves:  # a token for each two characters
        def encode(self, text):
            pairs = zip(text[::2], text[1::2], strict=True)
            ids = [int(a + b, 16) % VOCAB for a, b in pairs]
            return type("Encoding", (), {"ids": ids})

    text = "0123456789abcdef" * 8
    found = lesson.make_judge(model, Halves(), {"x": text})()["x"]
    ids = np.array(Halves().encode(text).ids, "int32")
    losses = []
    for start in range(0, len(ids) - LENGTH, LENGTH // 2):
        window = ids[start : start + LENGTH + 1]
        one = numpy(token_losses(model(window[None, :-1]), window[None, 1:]))[0]
        losses += one[LENGTH // 2 :].tolist()
    np.testing.assert_allclose(found, np.mean(losses) / 2, rtol=1e-4)


# LoRA


def test_lora_changes_nothing_at_the_start(lesson):
    model = small_model(lesson, positions="rotary", use_token_shift=True)
    np.testing.assert_allclose(
        numpy(lesson.add_lora(model, 2)(some_ids())),
        numpy(model(some_ids())),
        atol=1e-5,
    )


@pytest.mark.parametrize("use_bias", [False, True])
def test_merged_and_unmerged_weights_agree(lesson, use_bias):
    layer = lesson.LoRA(layers.Dense(5, use_bias=use_bias), 2, scale=3.0)
    x = np.random.default_rng(0).normal(size=(4, 7)).astype("float32")
    layer(x)
    layer.b.assign(np.random.default_rng(1).normal(size=(2, 5)))
    if use_bias:
        layer.dense.bias.assign(np.arange(5))
    merged = numpy(layer.dense.kernel) + 3 * numpy(layer.a) @ numpy(layer.b)
    expected = x @ merged + (np.arange(5) if use_bias else 0)
    np.testing.assert_allclose(numpy(layer(x)), expected, atol=1e-4)


def test_lora_trains_its_thin_matrices_alone(lesson):
    model = small_model(lesson)
    copy = lesson.add_lora(model, 2)
    thin = 2 * (4 * (WIDTH + WIDTH) + 2 * (WIDTH + 4 * WIDTH)) * DEPTH
    assert sum(np.prod(v.shape) for v in copy.trainable_variables) == thin
    before = {id(v): numpy(v).copy() for v in copy.variables}
    ids = np.random.default_rng(0).integers(VOCAB, size=200).astype("int32")
    lesson.lesson_06.fit_model(
        copy,
        ids,
        keras.optimizers.Adam(1e-2),
        {"batch_size": 2, "window_length": LENGTH},
        num_steps=3,
        seed=0,
    )
    trained = {id(v) for v in copy.trainable_variables}
    for variable in copy.variables:
        has_moved = not np.array_equal(before[id(variable)], numpy(variable))
        assert has_moved == (id(variable) in trained), variable.path


def test_lora_leaves_the_model_that_it_came_from(lesson):
    model = small_model(lesson)
    copy = lesson.add_lora(model, 1)
    assert len(model.trainable_variables) == len(model.variables)
    assert not {id(v) for v in model.variables} & {id(v) for v in copy.variables}


def test_a_rank_below_one_is_refused(lesson):
    with pytest.raises(ValueError, match="at least 1, got 0"):
        lesson.LoRA(layers.Dense(3), 0)


@pytest.mark.parametrize("method", ["from scratch", "all weights", "LoRA"])
def test_tuning_starts_where_it_should_and_spares_the_pretrained(lesson, method):
    model = small_model(lesson)
    before = [numpy(v).copy() for v in model.trainable_variables]
    ids = np.random.default_rng(0).integers(VOCAB, size=200).astype("int32")
    windows = {"batch_size": 2, "window_length": LENGTH}
    how = {"rank": 2, "rate": 1e-9, "num_steps": 2, "seed": 0}
    tuned = lesson.tune(method, model, ids, windows, **how)
    for variable, value in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(numpy(variable), value)
    difference = np.abs(numpy(tuned(some_ids())) - numpy(model(some_ids()))).max()
    assert (difference > 0.1) == (method == "from scratch")


# The masked model


def test_a_masked_model_sees_both_sides(lesson):
    config = small_model(lesson).config
    model = lesson.make_masked_model(config, VOCAB)
    rng = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(size=variable.shape, scale=0.3))
    ids = some_ids()
    changed = ids.copy()
    changed[:, 5] = (changed[:, 5] + 1) % VOCAB
    moved = np.abs(numpy(model(ids)) - numpy(model(changed))).max(axis=(0, 2))
    assert model(ids).shape == (2, LENGTH, VOCAB + 1)
    assert moved.min() > 1e-4


def test_the_masked_loss_counts_masked_places_alone(lesson):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, LENGTH, VOCAB)).astype("float32")
    ids, is_chosen = some_ids(), rng.random((2, LENGTH)) < 0.3
    found = float(lesson.masked_loss(logits, ids, is_chosen))
    log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    rows, columns = np.nonzero(is_chosen)
    expected = -log_probs[rows, columns, ids[rows, columns]].mean()
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    logits[~is_chosen] = rng.normal(size=VOCAB) * 50
    again = float(lesson.masked_loss(logits, ids, is_chosen))
    np.testing.assert_allclose(again, found, rtol=1e-5)
    assert float(lesson.masked_loss(logits, ids, np.zeros((2, LENGTH), bool))) == 0


def test_tokens_are_hidden_at_the_rates_of_the_paper(lesson):
    n, num_kinds, rate = 100_000, 1_000, 0.15
    ids = np.full((n,), 7, "int32")
    rng = np.random.default_rng(0)
    hidden, chosen = lesson.mask_tokens(ids, mask_id=num_kinds, rate=rate, rng=rng)
    assert hidden.dtype == np.int32 and (hidden[~chosen] == 7).all()
    shares = np.array(
        [chosen.mean(), (hidden == num_kinds).mean(), (chosen & (hidden == 7)).mean()]
    )
    kept = 0.1 * rate + 0.1 * rate / num_kinds
    expected = np.array([rate, 0.8 * rate, kept])
    assert np.all(np.abs(shares - expected) < 4 * np.sqrt(expected / n))
    assert hidden.max() == num_kinds


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0])
def test_a_rate_that_hides_nothing_or_all_is_refused(lesson, rate):
    with pytest.raises(ValueError, match=f"between 0 and 1, got {rate}"):
        lesson.mask_tokens(
            some_ids(), mask_id=VOCAB, rate=rate, rng=np.random.default_rng(0)
        )


def test_the_masked_model_learns_what_both_sides_tell(lesson):
    config = small_model(lesson, positions="rotary").config
    keras.utils.set_random_seed(0)
    model = lesson.make_masked_model(config, VOCAB)
    ids = np.tile(
        np.arange(VOCAB, dtype="int32"), 40
    )  # each token tells its neighbours
    windows = {"batch_size": 8, "window_length": LENGTH}
    options = {"learning_rate": 1e-2, "rate": 0.15, "num_steps": 100, "seed": 0}
    history = lesson.fit_masked(model, ids, windows, **options)
    assert len(history["loss"]) == 1
    window = ids[None, :LENGTH].copy()
    true = window[0, 4]
    window[0, 4] = VOCAB
    assert numpy(model(window))[0, 4].argmax() == true


# GPT-2


def random_gpt2(seed=0):
    """Return random arrays with GPT-2's names and shapes."""
    rng, tensors = np.random.default_rng(seed), {}
    shapes = {"wte.weight": (VOCAB, WIDTH), "wpe.weight": (LENGTH, WIDTH)}
    for i in range(DEPTH):
        shapes[f"h.{i}.attn.bias"] = (1, 1, LENGTH, LENGTH)  # a mask, in the real file
        for name, size in (
            ("attn.c_attn", (WIDTH, 3 * WIDTH)),
            ("attn.c_proj", (WIDTH, WIDTH)),
            ("mlp.c_fc", (WIDTH, 4 * WIDTH)),
            ("mlp.c_proj", (4 * WIDTH, WIDTH)),
        ):
            shapes[f"h.{i}.{name}.weight"] = size
            shapes[f"h.{i}.{name}.bias"] = size[1:]
    for name in [f"h.{i}.ln_{j}" for i in range(DEPTH) for j in (1, 2)] + ["ln_f"]:
        shapes |= {f"{name}.weight": (WIDTH,), f"{name}.bias": (WIDTH,)}
    for name, shape in shapes.items():
        tensors[name] = rng.normal(size=shape, scale=0.5).astype("float32")
    return tensors


def forward(t, ids):
    """Compute GPT-2's logits from the formulas, for one row of ids, in float64."""

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)
        return x * t[f"{name}.weight"] + t[f"{name}.bias"]

    def dense(x, name):
        return x @ t[f"{name}.weight"] + t[f"{name}.bias"]

    def gelu(x):
        return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))

    t = {name: array.astype("float64") for name, array in t.items()}
    x = t["wte.weight"][ids] + t["wpe.weight"][: len(ids)]
    size = WIDTH // HEADS
    for i in range(DEPTH):
        h = dense(norm(x, f"h.{i}.ln_1"), f"h.{i}.attn.c_attn")
        q, k, v = h[:, :WIDTH], h[:, WIDTH : 2 * WIDTH], h[:, 2 * WIDTH :]
        y = np.zeros_like(x)
        for head in range(HEADS):
            cut = slice(head * size, (head + 1) * size)
            for now in range(len(ids)):
                scores = k[: now + 1, cut] @ q[now, cut] / np.sqrt(size)
                weights = np.exp(scores - scores.max())
                y[now, cut] = weights / weights.sum() @ v[: now + 1, cut]
        x = x + dense(y, f"h.{i}.attn.c_proj")
        h = gelu(dense(norm(x, f"h.{i}.ln_2"), f"h.{i}.mlp.c_fc"))
        x = x + dense(h, f"h.{i}.mlp.c_proj")
    return norm(x, "ln_f") @ t["wte.weight"].T


def load_gpt2(lesson, tensors, **change):
    sizes = {**gpt2_sizes(tensors), "num_heads": HEADS, "use_bias": True} | change
    modern = lesson.further_06
    model = lesson.build(modern.ModernGPT(modern.ModernConfig(**sizes)))
    set_gpt2_weights(model, tensors)
    return model


def test_gpt2s_weights_give_gpt2s_logits_in_the_blocks_of_lesson_06(lesson):
    tensors, ids = random_gpt2(), some_ids()
    model = load_gpt2(lesson, tensors)
    expected = np.stack([forward(tensors, row) for row in ids])
    np.testing.assert_allclose(numpy(model(ids)), expected, atol=1e-4 * expected.std())


WRITE_BY_TRANSFORMERS = f"""
import pathlib, sys, numpy, torch, transformers
folder, ids = pathlib.Path(sys.argv[1]), torch.tensor({some_ids().tolist()})
sizes = dict(vocab_size={VOCAB}, n_positions={LENGTH}, n_embd={WIDTH}, n_layer={DEPTH})
config = transformers.GPT2Config(**sizes, n_head={HEADS}, initializer_range=0.5)
torch.manual_seed(0)
model = transformers.GPT2Model(config).eval()
model.save_pretrained(folder)
logits = model(ids).last_hidden_state @ model.wte.weight.T
numpy.save(folder / "logits.npy", logits.detach().numpy())
"""


@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("torch", "transformers"))),
    reason="torch and transformers are not installed: see CONTRIBUTING.md",
)
def test_a_file_that_transformers_wrote_gives_its_logits(lesson, tmp_path):
    # In a process of its own, since TensorFlow and PyTorch do not share one everywhere.
    command = [sys.executable, "-c", WRITE_BY_TRANSFORMERS, str(tmp_path)]
    subprocess.run(command, check=True)
    model = load_gpt2(lesson, read_safetensors(tmp_path / "model.safetensors"))
    expected = np.load(tmp_path / "logits.npy")
    found = numpy(model(some_ids()))
    np.testing.assert_allclose(found, expected, atol=1e-4 * expected.std())


def test_every_array_of_the_file_but_the_masks_matters(lesson):
    ids = some_ids(1)[0]
    before = forward(random_gpt2(), ids)
    for name in random_gpt2():
        tensors = random_gpt2()
        tensors[name] = tensors[name] + np.linspace(0, 1, tensors[name].size).reshape(
            tensors[name].shape
        )
        expected = forward(tensors, ids)
        assert (np.abs(expected - before).max() > 1e-6) == (
            not name.endswith(".attn.bias")
        )


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("h.1.mlp.c_fc.weight", (WIDTH, WIDTH), r"h.1.mlp.c_fc.weight must have shape"),
        ("h.0.attn.c_attn.weight", (WIDTH, WIDTH), r"c_attn.weight must .*got shape"),
        ("ln_f.bias", None, r"ln_f.bias must have shape \(12,\), got nothing"),
        ("h.1.attn.c_proj.bias", None, r"h.1.attn.c_proj.bias must .* got nothing"),
    ],
)
def test_a_wrong_or_missing_array_is_named_and_nothing_is_changed(
    lesson, name, shape, message
):
    tensors = random_gpt2()
    model = load_gpt2(lesson, tensors)
    before = [numpy(v).copy() for v in model.variables]
    others = random_gpt2(seed=1)
    others.pop(name)
    if shape:
        others[name] = np.zeros(shape, "float32")
    with pytest.raises(ValueError, match=message):
        set_gpt2_weights(model, others)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(numpy(variable), value)


def test_a_foreign_file_is_no_gpt2():
    with pytest.raises(ValueError, match="no weights of GPT-2: wte.weight is missing"):
        gpt2_sizes({"encoder.layer.0.weight": np.zeros((2, 2))})


# The probe


class Letters:
    """A tokenizer with a token for each letter."""

    def encode(self, text):
        return type("Encoding", (), {"ids": [ord(c) % VOCAB for c in text]})


def test_the_vector_of_a_line_is_that_of_its_first_tokens(lesson):
    model = small_model(lesson, positions="rotary")
    lines = ["abcdefgh", "a longer line"]
    together = lesson.line_features(model, Letters(), lines, num_tokens=8)
    assert together.shape == (2, WIDTH)
    for line, vector in zip(lines, together, strict=True):
        [alone] = lesson.line_features(model, Letters(), [line[:8]], num_tokens=8)
        np.testing.assert_allclose(vector, alone, atol=1e-4)


def test_speakers_and_short_lines_are_no_verse(lesson):
    text = "KING RICHARD:\nNow is the winter\n\nof\n our discontent made\n"
    found = lesson.verse_lines(text, Letters(), num_tokens=10)
    assert found == ["Now is the winter", "our discontent made"]
