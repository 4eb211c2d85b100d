"""The voice engine beside its peers: same weights, same prompts, same machine, one run.

    python tests/benchmarks/voices.py [--quick] [--loads 1x1,8x4] [--only ours,peft-names] [--json FILE] [--picture F]

Every system runs in a process of its own with two threads; the systems take turns at each load, so that whatever else
the machine does hits all alike. Prompts have about 310 tokens, unless asked otherwise, and are new in each round; every
reply has the same number of tokens. Seconds count from the moment that all requests of a load are asked, so tokens a
second include the reading of the prompts. What a system needs is fetched or made in a folder that is kept for the next
run.
"""

import argparse
import json
import tempfile
from pathlib import Path

from rich.console import Console
from voice_child import MEMORY_READ, PEERS
from voice_figures import Figures
from voice_load import CELLS, PROMPT_TOKENS, QUICK_CELLS
from voice_picture import draw
from voice_run import Run
from voice_table import show

from bot import models, settings


def _options() -> argparse.Namespace:
    names = [peer.name for peer in PEERS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of three loads: minutes, not an hour")
    parser.add_argument("--prompt-tokens", type=int, default=PROMPT_TOKENS, help=f"at least ({PROMPT_TOKENS})")
    parser.add_argument("--loads", help="only these, as requests x adapters with commas between: 1x1,8x4,16x16")
    parser.add_argument("--rounds", type=int, default=5, help="how often each load is measured (5)")
    parser.add_argument(
        "--only", default=",".join(names), help=f"systems, with commas between them: {', '.join(names)}"
    )
    parser.add_argument("--json", type=Path, help="also write everything that was measured")
    parser.add_argument("--picture", type=Path, help="also draw an SVG")
    parser.add_argument("--show", type=Path, help="measure nothing: show the run that --json wrote")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "parley-voice-bench", help="folder")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := sorted(set(options.only) - set(names)):
        parser.error(f"there is no system named {', '.join(unknown)}")
    options.cells = QUICK_CELLS if options.quick else CELLS
    if options.loads:
        asked = options.loads.split(",")
        options.cells = [cell for cell in CELLS if f"{cell.requests}x{cell.adapters}" in asked]
        if len(options.cells) < len(asked):
            parser.error("a load is one of " + ", ".join(f"{cell.requests}x{cell.adapters}" for cell in CELLS))
    options.settings = settings.load()
    return options


def measured(options: argparse.Namespace, console: Console) -> dict:
    """Run everything and return the run."""
    models.check(options.settings.model_copy(update={"base_model": None}))
    run = Run(options, console)
    try:
        for peer in (MEMORY_READ, *(peer for peer in PEERS if peer.name in options.only)):
            run.start(peer)
        run.measure()
        run.check_voices()
    except KeyboardInterrupt:
        console.print("Stopped: this is what was measured so far.")
    finally:
        for child in run.children.values():
            child.close()
    return run.result


def main() -> None:
    """Measure, then print the tables and write what was asked for."""
    options, console = _options(), Console()
    if options.show:
        run = json.loads(options.show.read_text("utf-8"))
        console.print(*run["left_out"], sep="\n", highlight=False, soft_wrap=True)
    else:
        run = measured(options, console)
    if options.json:
        options.json.write_text(json.dumps(run, indent=1), "utf-8")
    figures = Figures(run)
    show(figures, console)
    if options.picture:
        options.picture.write_text(draw(figures), "utf-8")


if __name__ == "__main__":
    main()
