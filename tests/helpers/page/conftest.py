import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def own_figures():
    """Draw without a screen and with the style as it was; close all figures."""
    with mpl.rc_context({"backend": "agg"}):
        yield
    plt.close("all")
