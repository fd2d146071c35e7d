"""Rows of a ledger, as `helpers.ledger.record` makes them."""


def row(value=90.0, **changes):
    """Return a row that differs from others in what is named."""
    base = {"lesson": "02_vae", "metric": "iwae_nll", "unit": "nats/image"}
    base |= {"budget": "cpu", "backend": "tensorflow", "device": "2 CPU cores"}
    return base | {"source": "mnist", "seed": 0, "value": value} | changes


def seeds(*values, **changes):
    """Return rows that differ in the seed."""
    return [row(value, **changes, seed=seed) for seed, value in enumerate(values)]
