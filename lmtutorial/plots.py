"""Figures in one style. They take arrays and names, and know no model.

Every function draws one figure, shows it and returns nothing, so that a notebook cell may end with it. Colours are
Okabe & Ito's, which colour-blind readers tell apart; lines differ in dash and marker too.
"""

from collections.abc import Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#6b6b6b"
CYCLE = [BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", GREY]
MARKERS, DASHES = "osD^vP", ["-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1))]


def use_style() -> None:
    """Set matplotlib's defaults: wide, quiet, sharp on a phone."""
    mpl.rcParams.update(
        {
            "figure.figsize": (7.2, 3.4),
            "figure.dpi": 110,
            "savefig.dpi": 110,
            "figure.constrained_layout.use": True,
            "font.size": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": GREY,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#e6e6e6",
            "legend.frameon": False,
            "lines.linewidth": 2,
            "axes.prop_cycle": mpl.cycler(color=CYCLE),
        }
    )


def _finish(ax, xlabel: str, ylabel: str, legend: bool = False) -> None:
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    if legend:
        ax.legend()
    plt.show()


def _logarithmic(ax, axis: str) -> None:
    """Make an axis ("x" or "y") logarithmic, with plain numbers (20, 50, 100) where it spans five decades or less."""
    ax.set(**{f"{axis}scale": "log"})
    low, high = sorted(getattr(ax, f"get_{axis}lim")())
    if low >= 1e-4 and high < 1e6 and high <= 1e5 * low:
        plain = mpl.ticker.LogLocator(subs=(1, 2, 5) if high <= 1e3 * low else (1,))
        chosen = getattr(ax, f"{axis}axis")
        chosen.set_major_locator(plain if high >= 5 * low else mpl.ticker.AutoLocator())
        chosen.set_major_formatter(lambda value, _: f"{value:,g}")
        chosen.set_minor_formatter(mpl.ticker.NullFormatter())


def lines(
    x: Sequence,
    series: dict[str, Sequence],
    *,
    xlabel: str,
    ylabel: str,
    logx: bool = False,
    logy: bool = False,
    bottom: float | None = None,
) -> None:
    """One line for each entry of `series`, over the common `x`; `bottom` is where the upright axis begins."""
    _, ax = plt.subplots()
    for i, (name, y) in enumerate(series.items()):
        marker = MARKERS[i % 6] if len(x) <= 30 else None
        ax.plot(x, y, label=name, linestyle=DASHES[i % 6], marker=marker, markersize=5)
    if logx:
        _logarithmic(ax, "x")
    if logy:
        _logarithmic(ax, "y")
    if bottom is not None:
        ax.set_ylim(bottom=bottom)
    _finish(ax, xlabel, ylabel, legend=len(series) > 1)


def bars(
    names: Sequence[str],
    values: Sequence[float],
    *,
    xlabel: str,
    errors=None,
    signed: bool = False,
    digits: int = 2,
    start: float = 0.0,
) -> None:
    """Horizontal bars with their numbers beside them.

    Args:
        names, values: one bar each, drawn from top to bottom.
        xlabel: what the bars measure.
        errors: (bars,) half-widths of intervals.
        signed: colour by sign, blue for positive and orange for negative.
        start: where the axis begins; say so in the text if it is not zero.
    """
    values = np.asarray(values, float)
    _, ax = plt.subplots(figsize=(7.2, 0.7 + 0.36 * len(values)))
    colours = np.where(values < 0, ORANGE, BLUE) if signed else BLUE
    drawn = ax.barh(range(len(values)), values - start, left=start, color=colours, xerr=errors, ecolor=GREY, height=0.7)
    form = f"%+.{digits}f" if signed else f"%.{digits}f"
    ax.bar_label(drawn, labels=[form % v for v in values], padding=4, fontsize=10)
    ax.set_yticks(range(len(values)), names)
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    ax.margins(x=0.14)
    _finish(ax, xlabel, "")


def histogram(groups: dict[str, Sequence[float]], *, xlabel: str, ylabel: str = "count", bins=40) -> None:
    """The distribution of each group's values, as outlines over common bins."""
    _, ax = plt.subplots()
    edges = np.histogram_bin_edges(np.concatenate([np.asarray(v, float) for v in groups.values()]), bins)
    for i, (name, values) in enumerate(groups.items()):
        ax.hist(values, edges, histtype="stepfilled", alpha=0.25, color=CYCLE[i % 6])
        ax.hist(values, edges, histtype="step", linewidth=2, linestyle=DASHES[i % 6], color=CYCLE[i % 6], label=name)
    _finish(ax, xlabel, ylabel, legend=len(groups) > 1)


def points(
    x: Sequence[float],
    y: Sequence[float],
    *,
    xlabel: str,
    ylabel: str,
    names: Sequence[str] | None = None,
    logx: bool = False,
    logy: bool = False,
    diagonal: bool = False,
) -> None:
    """A cloud of points, each with its name where `names` are given."""
    _, ax = plt.subplots(figsize=(7.2, 4.4))
    ax.scatter(
        x, y, s=24 if names is not None else 10, alpha=0.8 if names is not None else 0.35, color=BLUE, edgecolors="none"
    )
    if diagonal:
        ax.axline((0, 0), slope=1, color=GREY, linestyle="--", linewidth=1)
    if logx:
        _logarithmic(ax, "x")
    if logy:
        _logarithmic(ax, "y")
    if names is not None:
        ax.set(xlabel=xlabel, ylabel=ylabel)  # they take room, and the names are placed in what is left
        _write_beside(ax, names, np.column_stack([x, y]))
    _finish(ax, xlabel, ylabel)


# Where a name may stand beside its point: (points to the right, upwards, alignment across, upright).
PLACES = [
    (4, 3, "left", "bottom"),
    (-4, 3, "right", "bottom"),
    (4, -3, "left", "top"),
    (-4, -3, "right", "top"),
    (0, 5, "center", "bottom"),
    (0, -5, "center", "top"),
]


def _write_beside(ax, names: Sequence[str], at: np.ndarray) -> None:
    """Write each name beside its point (points, 2): at the first place, or else at the one where it covers least."""
    ax.figure.canvas.draw()  # only now is it known where on the figure a point lies
    dots = ax.transData.transform(at)
    taken = [mpl.transforms.Bbox.from_extents(*(dot - 4), *(dot + 4)) for dot in dots]

    def shared(box, other) -> float:
        both = mpl.transforms.Bbox.intersection(box, other)
        return both.width * both.height if both else 0.0

    def put(text, place) -> float:
        """Put a name there; how much it covers, and how much of it lies outside of the figure, in square dots."""
        right, up, across, upright = place
        text.set(position=(right, up), ha=across, va=upright)
        box = text.get_window_extent().padded(1)
        outside = box.width * box.height - shared(box, ax.figure.bbox)
        return outside + sum(shared(box, other) for other in taken)

    for name, point in zip(names, at, strict=True):
        text = ax.annotate(name, point, xytext=(0, 0), textcoords="offset points", fontsize=10)
        put(text, min(PLACES, key=lambda place, text=text: put(text, place)))
        taken.append(text.get_window_extent().padded(1))


def heatmap(
    matrix: np.ndarray, rows: Sequence[str], columns: Sequence[str], *, xlabel: str, ylabel: str, digits: int = 2
) -> None:
    """A small matrix, each cell with its number."""
    matrix = np.asarray(matrix, float)
    _, ax = plt.subplots(figsize=(1.6 + 0.62 * len(columns), 1.2 + 0.42 * len(rows)))
    ax.imshow(matrix, cmap="cividis", aspect="auto")
    middle = (matrix.min() + matrix.max()) / 2
    for (i, j), value in np.ndenumerate(matrix):
        ax.text(
            j,
            i,
            f"{value:.{digits}f}",
            ha="center",
            va="center",
            fontsize=9,
            color="black" if value > middle else "white",
        )
    ax.set_xticks(range(len(columns)), columns, rotation=35, ha="right")
    ax.set_yticks(range(len(rows)), rows)
    ax.grid(False)
    _finish(ax, xlabel, ylabel)


def context_reach(length: int = 7, order: int = 2) -> None:
    """How three families of language models let earlier words (dots) reach the word to come (ring).

    Left: an n-gram model, where only the last `order` words reach it. Middle: a recurrent network, where each word
    passes a state on to the next. Right: a Transformer, where every word reaches it directly.
    """
    _, axes = plt.subplots(1, 3, figsize=(7.2, 1.7), sharey=True)
    reach = {
        "n-gram": [(i, length) for i in range(length - order, length)],
        "recurrent network": [(i, i + 1) for i in range(length)],
        "Transformer": [(i, length) for i in range(length)],
    }
    for ax, (name, links) in zip(axes, reach.items(), strict=True):
        for start, end in links:
            arrow = {"arrowstyle": "->", "color": BLUE, "lw": 1.5, "connectionstyle": "arc3,rad=-0.45"}
            ax.annotate("", (end, 0.12), (start, 0.12), arrowprops=arrow)
        ax.scatter(range(length), [0] * length, color=GREY, s=40)
        ax.scatter([length], [0], facecolors="none", edgecolors=ORANGE, s=60, linewidths=2)
        ax.set(xlim=(-0.6, length + 0.6), ylim=(-0.4, 2.1), title=name)
        ax.set_axis_off()
    plt.show()


def side_by_side(rows: Sequence[str], series: dict[str, Sequence[float]]) -> None:
    """Signed shares in [-1, 1]: one row a word, one column of bars for each entry of `series`, on a common scale."""
    height = 0.8 + 0.27 * len(rows)
    _, axes = plt.subplots(1, len(series), figsize=(max(3.0, 0.9 + 1.25 * len(series)), height), sharey=True)
    for ax, (name, values) in zip(np.atleast_1d(axes), series.items(), strict=True):
        values = np.asarray(values, float)
        ax.barh(range(len(rows)), values, color=np.where(values < 0, ORANGE, BLUE), height=0.7)
        ax.axvline(0, color=GREY, linewidth=1)
        ax.set(xlim=(-1.08, 1.08), xticks=[-1, 0, 1])
        ax.set_title(name.replace(" ", "\n"), fontsize=10)
        ax.grid(False, axis="y")
        ax.tick_params(axis="y", length=0)
    np.atleast_1d(axes)[0].set_yticks(range(len(rows)), rows)
    np.atleast_1d(axes)[0].invert_yaxis()
    plt.show()


def variants(words: Sequence[str], masks: np.ndarray, weights: Sequence[float], answers: Sequence[float], unit: str):
    """Variants of a text, one a row: which words each keeps, how much it counts, what the model says of it.

    Args:
        words: of the whole text.
        masks: (variants, words) booleans, `True` where a word is kept.
        weights, answers: one number a variant.
        unit: of the answers.
    """
    rows = np.arange(len(masks))
    height = 1.5 + 0.2 * len(masks)
    _, axes = plt.subplots(1, 3, figsize=(7.2, height), sharey=True, width_ratios=[0.32 * len(words), 1, 1.4])
    kept = mpl.colors.ListedColormap(["#f2f2f2", GREY])
    axes[0].imshow(masks, cmap=kept, vmin=0, vmax=1, aspect="auto", interpolation="none")
    axes[0].set_xticks(range(len(words)), words, rotation=90)
    axes[0].set_xticks(np.arange(len(words)) - 0.5, minor=True)
    axes[0].set_yticks(rows - 0.5, minor=True)
    axes[0].grid(False, which="major")
    axes[0].grid(color="white", linewidth=1.5, which="minor")
    axes[0].tick_params(which="both", length=0)
    axes[0].set(yticks=[], title="kept words (dark)")
    axes[1].barh(rows, weights, color=GREEN, height=0.7)
    axes[1].set(xlim=(0, 1.05), title="weight")
    axes[2].scatter(answers, rows, color=np.where(np.asarray(answers) < 0, ORANGE, BLUE), s=28)
    axes[2].axvline(0, color=GREY, linewidth=1)
    axes[2].set_title(f"answer ({unit})")
    for ax in axes[1:]:
        ax.grid(False, axis="y")
        ax.tick_params(axis="y", length=0)
    plt.show()


def signed_heatmap(
    matrix: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    xlabel: str,
    ylabel: str,
    unit: str,
    cut: int | None = None,
    digits: int | None = None,
) -> None:
    """Many signed numbers as colours, blue above and orange below zero; NaN stays empty.

    Cells are small and of one size, and names of columns stand upright, so that twenty columns fit on a phone.

    Args:
        matrix: (rows, columns).
        rows, columns: names.
        unit: of the numbers, for the scale of colours.
        cut: draw a line before this row.
        digits: write each number into its cell, which is larger then.
    """
    matrix = np.asarray(matrix, float)
    colours = mpl.colors.LinearSegmentedColormap.from_list("signed", [ORANGE, "#ffffff", BLUE])
    colours = colours.with_extremes(bad="#f2f2f2")
    width, height = (0.2, 0.2) if digits is None else (0.62, 0.42)
    _, ax = plt.subplots(figsize=(1.5 + width * len(columns), 1.9 + height * len(rows)))
    largest = np.nanmax(np.abs(matrix))
    drawn = ax.imshow(matrix, cmap=colours, vmin=-largest, vmax=largest, aspect="auto", interpolation="none")
    ax.set_xticks(range(len(columns)), columns, rotation=90)
    ax.set_yticks(range(len(rows)), rows)
    ax.tick_params(length=0)
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    if digits is not None:
        for (i, j), value in np.ndenumerate(matrix):
            value = round(value, digits)
            shown = f"{value:+.{digits}f}".replace("-", "−") if value else f"{0:.{digits}f}"  # no "-0.0"
            colour = "white" if value > 0.6 * largest else "black"
            ax.text(j, i, shown, ha="center", va="center", fontsize=9, color=colour)
    if cut is not None:
        ax.axhline(cut - 0.5, color="black", linewidth=1)
    ax.grid(False)
    plt.colorbar(drawn, ax=ax, orientation="horizontal", label=unit, fraction=0.04, pad=0.01, aspect=30)
    _finish(ax, xlabel, ylabel)


def attention_map(
    shares: np.ndarray, tokens: Sequence[str], *, xlabel: str = "looked at", ylabel: str = "looking"
) -> None:
    """One map of attention: the darker a cell, the more of the row's attention goes to the column.

    Args:
        shares: (time, time), rows sum to 1.
        tokens: (time,) what stands at the places.
    """
    size = 1.3 + 0.27 * len(tokens)
    _, ax = plt.subplots(figsize=(size, size))
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="none")
    ax.set_xticks(range(len(tokens)), tokens, rotation=90)
    ax.set_yticks(range(len(tokens)), tokens)
    ax.tick_params(length=0)
    ax.grid(False)
    _finish(ax, xlabel, ylabel)


def attention_grid(shares: np.ndarray) -> None:
    """The maps of all heads, (layers, heads, time, time): one row of maps a layer, one column a head."""
    layers, heads = shares.shape[:2]
    _, axes = plt.subplots(layers, heads, figsize=(7.2, 7.2 / heads * layers), squeeze=False)
    for (i, j), ax in np.ndenumerate(axes):
        ax.imshow(shares[i, j], cmap="Blues", vmin=0, vmax=1, interpolation="none")
        ax.set(
            xticks=[], yticks=[], xlabel=f"head {j}" if i == layers - 1 else "", ylabel=f"layer {i}" if j == 0 else ""
        )
        ax.grid(False)
    plt.show()


def transformer_block() -> None:
    """One layer of a Transformer: the residual stream runs upwards; attention and MLP read it and add to it.

    The pale streams are those of earlier places, from which attention fetches.
    """
    _, ax = plt.subplots(figsize=(5.2, 3.9))
    arrow = {"arrowstyle": "-|>", "color": GREY, "lw": 1.6, "shrinkA": 0, "shrinkB": 0}
    stream = arrow | {"color": BLUE, "lw": 4}
    for x in (0.8, 1.6, 2.4):
        ax.annotate("", (x, 8.6), (x, 0), arrowprops=stream | {"alpha": 0.25})
        ax.scatter([x], [2.55], s=45, color=ORANGE, zorder=3)
    ax.annotate("", (3.5, 2.55), (0.8, 2.55), arrowprops=arrow | {"color": ORANGE, "linestyle": "--"})
    ax.annotate("", (7.8, 8.6), (7.8, 0), arrowprops=stream)
    for bottom, name, colour in ((0.6, "attention", ORANGE), (4.6, "MLP", GREEN)):
        for height, text, edge in ((bottom, "norm", GREY), (bottom + 1.5, name, colour)):
            looks = {"boxstyle": "round,pad=0.08", "facecolor": "white", "edgecolor": edge, "linewidth": 2}
            ax.add_patch(mpl.patches.FancyBboxPatch((3.6, height), 2.6, 0.9, **looks))
            ax.text(4.9, height + 0.45, text, ha="center", va="center")
        ax.annotate("", (6.3, bottom + 0.45), (7.8, bottom + 0.45), arrowprops=arrow)
        ax.annotate("", (4.9, bottom + 1.4), (4.9, bottom + 1.0), arrowprops=arrow)
        ax.plot([4.9, 4.9], [bottom + 2.5, bottom + 3.1], color=GREY, lw=1.6)
        ax.annotate("", (7.5, bottom + 3.1), (4.9, bottom + 3.1), arrowprops=arrow)
        ax.scatter([7.8], [bottom + 3.1], s=260, facecolor="white", edgecolor=BLUE, linewidth=2, zorder=3)
        ax.text(7.8, bottom + 3.1, "+", ha="center", va="center", zorder=4)
    ax.set(xlim=(0.4, 8.4), ylim=(-0.1, 8.8), aspect="equal")
    ax.set_axis_off()
    plt.show()


def against_size(
    panels: dict[str, dict[str, tuple]], *, xlabel: str, levels: dict[str, dict[str, float]] | None = None
) -> None:
    """How figures go with the size of a model, one panel a figure, side by side.

    Args:
        panels: {what is measured: {series: (sizes, means, lows, highs)}}, each of the four (models,); a line with the
            interval of every mean.
        xlabel: what the size counts, thousands of them or more; its axis is logarithmic.
        levels: {panel: {name: value}}, drawn as lines across.
    """
    levels = levels or {}
    figure, axes = plt.subplots(1, len(panels), figsize=(7.2, 3.6), squeeze=False)
    names = {}  # one legend for all panels, above them
    for ax, (ylabel, series) in zip(axes[0], panels.items(), strict=True):
        for i, (name, (size, mean, low, high)) in enumerate(series.items()):
            mean, low, high = (np.asarray(values, float) for values in (mean, low, high))
            sizes = np.asarray(size, float) * 1.06 ** (i - (len(series) - 1) / 2)  # side by side where sizes are alike
            style = {"linestyle": DASHES[i % 6], "marker": MARKERS[i % 6], "markersize": 5, "color": CYCLE[i % 6]}
            names[name] = ax.errorbar(sizes, mean, [mean - low, high - mean], capsize=3, elinewidth=1.2, **style)
        for i, (name, value) in enumerate(levels.get(ylabel, {}).items()):
            names[name] = ax.axhline(value, color=GREY, linestyle=DASHES[(i + 2) % 6], linewidth=1.4)
        _logarithmic(ax, "x")
        ax.xaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 3)))
        ax.xaxis.set_major_formatter(lambda value, _: f"{value / 1000:g}k")
        ax.set_xlabel(xlabel)
        ax.set_ylabel(ylabel)
    if len(names) > 1:
        figure.legend(names.values(), names, loc="outside upper center", ncols=len(names), fontsize=10)
    plt.show()


def bands(
    x: Sequence, series: dict[str, Sequence[dict]], *, levels: dict[str, float] | None = None, xlabel: str, ylabel: str
) -> None:
    """Lines with their intervals as bands, over steps that are drawn at equal distances.

    Args:
        x: what stands below each step.
        series: {name: (steps,) dicts with "mean", "low" and "high"}.
        levels: {name: value}, drawn as lines across.
    """
    _, ax = plt.subplots()
    for i, (name, steps) in enumerate(series.items()):
        mean, low, high = ([step[key] for step in steps] for key in ("mean", "low", "high"))
        ax.plot(mean, label=name, linestyle=DASHES[i % 6], marker=MARKERS[i % 6], markersize=5, color=CYCLE[i % 6])
        ax.fill_between(range(len(mean)), low, high, color=CYCLE[i % 6], alpha=0.18, linewidth=0)
    for i, (name, value) in enumerate((levels or {}).items()):
        ax.axhline(value, color=GREY, linestyle=DASHES[(i + 2) % 6], linewidth=1.4, label=name)
    ax.set_xticks(range(len(x)), x)
    if levels:  # lines across leave no corner free for a legend
        ax.figure.legend(loc="outside upper center", ncols=len(series) + len(levels))
    _finish(ax, xlabel, ylabel, legend=len(series) > 1 and not levels)


def calibration_curves(curves: dict[str, tuple[Sequence[float], Sequence[float]]]) -> None:
    """What models say (upright: what then happened), one line each, over the diagonal on which both are equal.

    Args:
        curves: {name: (mean probability of each bin, share of positive cases in it)}.
    """
    _, ax = plt.subplots(figsize=(7.2, 4.4))
    ax.axline((0, 0), slope=1, color=GREY, linestyle="--", linewidth=1)
    for i, (name, (said, share)) in enumerate(curves.items()):
        ax.plot(said, share, label=name, linestyle=DASHES[i % 6], marker=MARKERS[i % 6], markersize=5)
    ax.set(xlim=(0, 1), ylim=(0, 1))
    _finish(ax, "probability of positive", "share that is positive", legend=len(curves) > 1)
