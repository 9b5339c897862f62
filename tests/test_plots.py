"""Figures can be read: names do not cover each other, and a legend stands where no line passes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lmtutorial import plots


@pytest.fixture
def figure(monkeypatch):
    """The figure that was drawn last, with its renderer; all are closed afterwards."""
    plots.use_style()
    monkeypatch.setattr(plt, "show", lambda: plt.gcf().canvas.draw())
    yield plt.gcf
    plt.close("all")


def test_names_of_points_that_lie_close_cover_neither_each_other_nor_the_edge(figure):
    rng = np.random.default_rng(0)
    x, y = np.repeat(rng.uniform(size=(2, 12)), 2, axis=1) + rng.normal(0, 0.012, (2, 24))
    plots.points(x, y, names=[f"name {i}" for i in range(24)], xlabel="x", ylabel="y")
    boxes = [text.get_window_extent() for text in figure().axes[0].texts]
    assert len(boxes) == 24
    covered = [(i, j) for i, a in enumerate(boxes) for j, b in enumerate(boxes[:i]) if a.overlaps(b)]
    assert len(covered) <= 1, covered
    assert all(box.x1 <= figure().bbox.x1 for box in boxes)


def test_a_name_with_room_stands_to_the_upper_right_of_its_point(figure):
    plots.points([0.0, 1.0], [0.0, 1.0], names=["low", "high"], xlabel="x", ylabel="y")
    text = figure().axes[0].texts[0]
    assert (text.get_ha(), text.get_va()) == ("left", "bottom")


def test_where_lines_go_across_the_legend_stands_above_them(figure):
    steps = [{"mean": v, "low": v - 0.1, "high": v + 0.1} for v in (0.5, 0.6)]
    plots.bands([1, 2], {"a": steps}, levels={"chance": 0.5}, xlabel="x", ylabel="y")
    (legend,) = figure().legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "chance"]
    assert legend.get_window_extent().y0 >= figure().axes[0].get_window_extent().y1
    assert figure().axes[0].get_legend() is None
