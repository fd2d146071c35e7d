from helpers import catalogue
from helpers.page.alt_text import describe_figure
from helpers.page.grids import plot_images
from helpers.page.plotting import plot_curves, plot_heatmap, plot_latent

import matplotlib.pyplot as plt
import numpy as np
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

PAGES = catalogue.pages("lesson", "further", "solution")


def test_curves_are_told_by_title_axes_and_series():
    ax = plot_curves(
        {"PCA": [3, 2], "deep": [2, 1]}, xlabel="epoch", ylabel="loss", title="It falls"
    )
    assert describe_figure(ax.figure) == (
        "It falls; horizontal axis: epoch; vertical axis: loss; series: PCA, deep."
    )


def test_a_grid_of_images_is_told_by_their_number_and_the_names_of_the_rows():
    ax = plot_images(
        np.zeros((6, 4, 4)),
        value_range=(0, 1),
        num_columns=3,
        row_titles=["real", "made"],
    )
    assert describe_figure(ax.figure) == (
        "6 grey images, 3 in a row; rows: real, made."
    )


def test_a_colour_bar_is_no_part_of_its_own_and_formulas_lose_their_dollars():
    ax = plot_latent(np.zeros((5, 2)), np.linspace(0, 1, 5), title="Map")
    assert describe_figure(ax.figure) == (
        "Map; 5 points; horizontal axis: z_1; vertical axis: z_2."
    )


def test_named_rows_of_a_table_are_read_and_numbered_ones_are_not():
    ax = plot_heatmap(
        np.zeros((2, 2)), value_range=(-1, 1), xlabel="latent", ylabel="", title="T"
    )
    assert "rows" not in describe_figure(ax.figure)
    ax.set_yticks([0, 1], labels=["slant", "size"])
    assert describe_figure(ax.figure).endswith("rows: slant, size.")


def test_all_parts_of_a_figure_are_told_and_an_empty_one_says_so():
    figure, axes = plt.subplots(1, 2)
    figure.suptitle("Both")
    axes[0].set_title("left one")
    axes[1].set_title("right one?")
    assert describe_figure(figure) == "Both. left one. right one?"
    assert describe_figure(plt.figure()) == "A figure without words."


def test_a_notebook_stores_the_description_beside_the_image():
    source = (
        "import matplotlib.pyplot as plt\n"
        "from helpers.page.plotting import plot_curves, set_style\n"
        "set_style()"
    )
    draw = "plot_curves({'a': [1]}, xlabel='x', ylabel='y', title='One');"
    notebook = new_notebook(cells=[new_code_cell(source), new_code_cell(draw)])
    NotebookClient(notebook, kernel_name="python3").execute()
    [output] = notebook.cells[1].outputs
    assert output.metadata["image/png"]["alt"] == (
        "One; horizontal axis: x; vertical axis: y."
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_figure_in_the_notebooks_has_an_alternative_text(page):
    for cell in page.read().cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                text = output.metadata.get("image/png", {}).get("alt", "")
                assert len(text) > 20 and "without words" not in text, cell.source
