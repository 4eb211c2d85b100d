"""The voice benchmark's run as tables in a terminal."""

from collections.abc import Callable, Iterator
from statistics import median

from rich.console import Console
from rich.table import Table
from voice_figures import Figures, percentile
from voice_load import VOICES, Cell

RATIOS = (Cell(1, 1), Cell(8, 1), Cell(8, 4), Cell(16, 16))


def show(figures: Figures, console: Console) -> None:
    """Print everything that a run found."""
    prompt, reply = figures.run["prompt_tokens"], figures.run["new_tokens"]
    console.print(
        _by_load(
            figures,
            f"Tokens a second, median of the rounds; prompts of {prompt:.0f} tokens, replies of {reply}",
            _speed,
        ),
        _by_load(figures, "Seconds to the first token: p50, p95", lambda *place: _wait(*place, "first")),
        _by_load(figures, "Seconds to the whole reply: p50, p95", lambda *place: _wait(*place, "rows")),
        _systems(figures),
    )
    for sentence in sentences(figures):
        console.print(sentence, highlight=False, soft_wrap=True)


def _by_load(figures: Figures, title: str, tell: Callable[[Figures, str, Cell], str]) -> Table:
    """Return a table of the systems by requests at once, with a section for each number of adapters."""
    at_once = sorted({load.requests for load in figures.cells})
    table = Table("at once", title=title, title_justify="left")
    for requests in at_once:
        table.add_column(str(requests), justify="right", no_wrap=True)
    for adapters in sorted({load.adapters for load in figures.cells}):
        table.add_section()
        table.add_row(f"[italic]{VOICES.get(adapters, f'{adapters} adapters')}[/]")
        for peer in figures.peers:
            cells = [tell(figures, peer, Cell(requests, adapters)) for requests in at_once]
            if any(cells):
                table.add_row(figures.title(peer), *cells)
    return table


def _speed(figures: Figures, peer: str, load: Cell) -> str:
    value = figures.speed(peer, load)
    if value is None:
        return ""
    best = max(other for name in figures.peers if (other := figures.speed(name, load)) is not None)
    return f"[bold]{value:.0f}[/]" if value == best else f"{value:.0f}"


def _wait(figures: Figures, peer: str, load: Cell, kind: str) -> str:
    pair = figures.waits(peer, load, kind)
    return f"{pair[0]:.2f}, {pair[1]:.2f}" if pair else ""


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
        yield f"First sentence of Parley, alone: {p50:.2f} s; 95 of 100 within {p95:.2f} s."
    if lags := run["lags_ms"]:
        p50, p99 = (percentile(lags, share) for share in (0.5, 0.99))
        yield f"Event loop lag at full load: {p50:.1f} ms, p99 {p99:.1f} ms, at most {max(lags):.1f} ms."
    if voices := run["voices"]:
        yield (
            f"Of {voices['asked']} replies in mixed batches {voices['identical']} are, letter by letter, what the same "
            f"request gets alone; {voices['other_voice']} are nearer to what another voice says."
        )
    half, most = figures.others()
    yield f"Other programs kept {half:.2f} of {run['processors']} processors busy (median; at most {most:.2f})."
