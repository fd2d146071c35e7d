"""Alternative text for figures: what a reader who cannot see one is told instead.

The text is made from the figure itself, so it cannot disagree with it: its titles, axis
labels, names of the series, and what a `plot_*` function says that it drew. What the
figure shows is the prose's part, in the sentence after it.
"""


def describe_figure(figure):
    """Return one line that says what a Matplotlib figure holds, part by part."""
    parts = [_describe_axes(ax) for ax in figure.axes if not _is_colorbar(ax)]
    if figure.get_suptitle():
        parts.insert(0, figure.get_suptitle())
    parts = [part for part in parts if part] or ["A figure without words"]
    return " ".join(_sentence(part) for part in parts)


def add_alt_texts():
    """Let the running notebook store each figure's description beside its image.

    Outside of a notebook it does nothing.
    """
    from IPython import get_ipython
    from matplotlib.figure import Figure

    shell = get_ipython()
    if shell is not None:
        formatter = shell.display_formatter.mimebundle_formatter
        formatter.for_type(
            Figure, lambda figure: ({}, {"image/png": {"alt": describe_figure(figure)}})
        )


def _describe_axes(ax):
    titles = (ax.get_title("left"), ax.get_title(), ax.get_title("right"))
    drawn = ax.get_label() if not ax.get_label().startswith("_") else ""
    facts = [
        *(title for title in titles if title),
        drawn,
        _named("horizontal axis", ax.get_xlabel()),
        _named("vertical axis", ax.get_ylabel()),
        _named("series", ", ".join(_series(ax))),
        _named("rows", ", ".join(_words(ax.get_yticklabels()))),
        _named("columns", ", ".join(_words(ax.get_xticklabels()))),
    ]
    return "; ".join(fact for fact in facts if fact)


def _series(ax):
    """Return the names in the legend, or of the lines where there is no legend."""
    handles, names = ax.get_legend_handles_labels()
    return [name for name in names if name] if len(handles) > 1 else []


def _words(labels):
    """Return the tick labels that are words, not numbers."""
    texts = [label.get_text().replace("\N{MINUS SIGN}", "-") for label in labels]
    return [
        text for text in texts if any(c.isalpha() for c in text) and "$" not in text
    ]


def _named(name, text):
    return f"{name}: {text}" if text else ""


def _is_colorbar(ax):
    return hasattr(ax, "_colorbar")


def _sentence(text):
    text = " ".join(text.replace("$", "").split())
    return text if text.endswith((".", "?", "!")) else f"{text}."
