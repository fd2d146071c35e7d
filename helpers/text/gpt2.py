"""Put GPT-2's published weights into the blocks of lesson 06's further page.

The blocks are the lesson's; what lives here are the names that the file has for them.
"""

import re

import numpy as np


def gpt2_sizes(tensors):
    """Return the sizes of a GPT-2, as the shapes of its arrays tell them.

    Args:
        tensors: dict of name to array, as `read_safetensors` returns it.

    Returns:
        dict with `vocab_size`, `context_length`, `width` and `depth`. How many heads it
        has cannot be seen from shapes.

    Raises:
        ValueError: these are no weights of GPT-2; names what is missing.
    """
    for name in ("wte.weight", "wpe.weight", "h.0.ln_1.weight"):
        if name not in tensors:
            raise ValueError(f"These are no weights of GPT-2: {name} is missing.")
    blocks = {int(found[1]) for n in tensors if (found := re.match(r"h\.(\d+)\.", n))}
    vocab_size, width = tensors["wte.weight"].shape
    return {
        "vocab_size": vocab_size,
        "context_length": len(tensors["wpe.weight"]),
        "width": width,
        "depth": max(blocks) + 1,
    }


def set_gpt2_weights(model, tensors):
    """Put GPT-2's arrays into a model of the same sizes.

    Args:
        model: `ModernGPT` of lesson 06's further page, built, with learned positions,
            layer normalisation and biases.
        tensors: dict of name to array.

    Raises:
        ValueError: an array is missing, or has another shape than its place in the
            model. Names it. Nothing has been changed then.
    """
    values = []
    for variable, name, value in _places(model, tensors):
        if value is None or value.shape != tuple(variable.shape):
            came = "nothing" if value is None else f"shape {value.shape}"
            raise ValueError(
                f"{name} must have shape {tuple(variable.shape)}, got {came}."
            )
        values.append((variable, value))
    for variable, value in values:
        variable.assign(value)


def _places(model, tensors):
    """Yield each variable of the model, with its name in the file and its array."""
    table, width = tensors.get("wte.weight"), model.config.width
    yield model.token_embedding.embeddings, "wte.weight", table
    # The head is the table of tokens, turned on its side.
    yield model.head.kernel, "wte.weight", None if table is None else table.T
    positions = tensors.get("wpe.weight")
    yield model.position_embedding.embeddings, "wpe.weight", positions
    norms, dense = [(model.norm, "ln_f")], []
    for number, block in enumerate(model.blocks):
        name, attention, forward = f"h.{number}", block.attention, block.feed_forward
        norms.append((block.norm_1.norm, f"{name}.ln_1"))
        norms.append((block.norm_2.norm, f"{name}.ln_2"))
        for i, layer in enumerate((attention.query, attention.key, attention.value)):
            columns = slice(i * width, (i + 1) * width)  # one matrix in the file
            dense.append((layer, f"{name}.attn.c_attn", columns))
        dense.append((attention.projection, f"{name}.attn.c_proj", slice(None)))
        dense.append((forward.up, f"{name}.mlp.c_fc", slice(None)))
        dense.append((forward.down, f"{name}.mlp.c_proj", slice(None)))
    for layer, name in norms:
        yield layer.gamma, f"{name}.weight", tensors.get(f"{name}.weight")
        yield layer.beta, f"{name}.bias", tensors.get(f"{name}.bias")
    for layer, name, columns in dense:
        for variable, suffix in ((layer.kernel, "weight"), (layer.bias, "bias")):
            value = tensors.get(f"{name}.{suffix}")
            if value is not None and name.endswith("c_attn"):
                if value.shape[-1] != 3 * width:
                    raise ValueError(
                        f"{name}.{suffix} must have {3 * width} columns, "
                        f"got shape {value.shape}."
                    )
                value = np.asarray(value)[..., columns]
            yield variable, f"{name}.{suffix}", value
