"""The voice benchmark's run as tables in a terminal."""

from collections.abc import Iterator
from statistics import median

from rich.console import Console
from rich.table import Table
from voice_figures import Figures, percentile
from voice_load import Cell

RATIOS = (Cell(1, 1), Cell(8, 1), Cell(8, 4), Cell(16, 16))


def show(figures: Figures, console: Console) -> None:
    """Print everything that a run found."""
    console.print(_speeds(figures), _waits(figures), _systems(figures))
    for sentence in sentences(figures):
        console.print(sentence, highlight=False, soft_wrap=True)


def _speeds(figures: Figures) -> Table:
    table = Table(title="Tokens a second (median of the rounds)", title_justify="left")
    table.add_column("load", no_wrap=True)
    for peer in figures.peers:
        table.add_column(figures.title(peer), justify="right")
    for load in figures.cells:
        values = [figures.speed(peer, load) for peer in figures.peers]
        best = max(value for value in values if value is not None)
        table.add_row(str(load), *(_cell(value, best) for value in values))
    return table


def _cell(value: float | None, best: float) -> str:
    if value is None:
        return "-"
    return f"[bold]{value:.0f}[/]" if value == best else f"{value:.0f}"


def _waits(figures: Figures) -> Table:
    table = Table(title="Seconds to the first token, to the whole reply (p50, p95)", title_justify="left")
    table.add_column("load", no_wrap=True)
    for peer in figures.peers:
        table.add_column(figures.title(peer), justify="right")
    for load in figures.cells:
        cells = []
        for peer in figures.peers:
            pairs = [figures.waits(peer, load, kind) for kind in ("first", "rows")]
            cells.append("\n".join(f"{pair[0]:.2f}, {pair[1]:.2f}" if pair else "-" for pair in pairs))
        table.add_row(str(load), *cells)
    return table


def _systems(figures: Figures) -> Table:
    table = Table("system", "what ran", "different adapters", title="Systems", title_justify="left")
    table.add_column("ready after", justify="right")
    table.add_column("most memory", justify="right")
    ways = {"mixed": "in one step", "grouped": "one after another", "none": "not measured"}
    for peer in figures.peers:
        system = figures.run["systems"][peer]
        ready, memory = f"{system['load_seconds']:.0f} s", f"{figures.memory(peer) / 2**20:.0f} MiB"
        table.add_row(system["title"], system["says"], ways[system["mixes"]], ready, memory)
    return table


def sentences(figures: Figures) -> Iterator[str]:
    """Yield what is no table."""
    run = figures.run
    for load in RATIOS:
        found = [(peer, figures.ratio("ours", peer, load)) for peer in figures.peers if peer != "ours"]
        told = [f"{ratio:.2f}x {figures.title(peer)}" for peer, ratio in found if ratio]
        if told:
            yield f"Parley at {load}: {', '.join(told)} (medians of the ratios within each round)."
    if many := figures.ratio("ours", "ours", Cell(16, 16), Cell(16, 1)):
        yield f"16 adapters run at {100 * many:.0f} % of the speed of one, at 16 at once."
    if run["memory_reads"]:
        yield f"Memory is read at {median(run['memory_reads']) / 1e9:.1f} GB/s."
    if share := figures.share_of_limit():
        yield f"One request, one adapter: {100 * share:.0f} % of what reading all weights once a token allows."
    if sentence := run["first_sentence"]:
        p50, p95 = (percentile(sentence, share) for share in (0.5, 0.95))
        yield f"First sentence of Parley, alone, prompt of 300 tokens: {p50:.2f} s, {p95:.2f} s for 95 of 100."
    if lags := run["lags_ms"]:
        p50, p99 = (percentile(lags, share) for share in (0.5, 0.99))
        yield f"Event loop lag at 16 at once: {p50:.1f} ms, p99 {p99:.1f} ms, at most {max(lags):.1f} ms."
    if voices := run["voices"]:
        yield (
            f"Of {voices['asked']} replies in mixed batches {voices['identical']} are the same letter by letter as "
            f"asked alone; {voices['other_voice']} are nearer to another voice's reply."
        )
    half, most = figures.others()
    yield f"Other programs kept {half:.2f} of {run['processors']} processors busy (median; at most {most:.2f})."
