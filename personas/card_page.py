"""An evaluation as one HTML page: no scripts, nothing from elsewhere, for light and dark screens."""

import math
from pathlib import Path
from typing import Any

from personas.evaluate import Evaluation
from personas.exam import SERVED, SYSTEMS, System
from personas.intervals import Estimate
from personas.marks import Mark
from personas.scores import MEASURES

_LEFT, _WIDTH, _ROW = 250, 620, 58
_SHOWN = 12
"""Replies that are shown of the worst, and of the best."""


def page(found: Evaluation) -> str:
    """Return the page's HTML; whatever a model or an author wrote is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    rows = [{system: found.marks[system][n] for system in SYSTEMS} for n in range(len(found.marks[SERVED]))]
    ordered = sorted(rows, key=_goodness)
    middle = min(_SHOWN, len(ordered) // 2)
    return environment.get_template("card_page.html").render(
        found=found,
        card=found.persona.card,
        version=f"{found.persona.name}-{found.digest}",
        rows=len(rows),
        systems=SYSTEMS,
        served=SERVED,
        plot=_plot(found),
        table=_table(found),
        skills=list(found.scores[SERVED].skills),
        ratio=found.perplexity_ratio,
        drift=_drift(found),
        replies=[
            ("The worst replies", ordered[:middle]),
            ("The best replies", list(reversed(ordered[len(ordered) - middle :]))),
        ],
        told=told,
        percent=percent,
        faults=faults,
    )


def percent(value: float) -> str:
    """Return a share as people read it; nothing is rounded up to all or down to none."""
    shown = 100 * value
    if 0 < value < 1:
        shown = min(max(shown, 0.1), 99.9)
    return f"{shown:.1f}".removesuffix(".0") + "\u00a0%"


def told(figure: Estimate | None) -> str:
    """Return a share with its interval."""
    if figure is None:
        return "not applicable"
    return f"{percent(figure.value)} ({percent(figure.low)} to {percent(figure.high)})"


def faults(mark: Mark) -> list[str]:
    """Return what is wrong with a reply, a clause each."""
    found = list(mark.judgement.faults)
    if mark.row.skill == "refusal" and not mark.judgement.declined:
        found.append("answers where the notes are silent")
    if not mark.in_voice:
        found.append("not in the voice")
    if mark.form is False:
        found.append("not in the format")
    if mark.leak:
        found.append(f"repeats a training row: {mark.leak}")
    return found


def _goodness(marks: dict[System, Mark]) -> tuple[int, float]:
    """Rank the served reply by its faults; of the faultless, those first that the voice is least sure in."""
    ours = marks[SERVED]
    return -len(faults(ours)), ours.voice


def _plot(found: Evaluation) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    for measure in MEASURES:
        shares = [found.scores[system].shares[measure.key] for system in SYSTEMS]
        if any(shares):
            top = 36 + _ROW * len(rows)
            dots = [
                {"n": n, "x": _x(f.value), "low": _x(f.low), "high": _x(f.high), "y": top + 7 + 11 * n,
                 "told": f"{SYSTEMS[n]}: {told(f)}"}
                for n, f in enumerate(shares) if f
            ]  # fmt: skip
            rows.append({"title": measure.title, "lower": measure.lower, "y": top + 22, "dots": dots})
    ticks = [{"x": _x(share / 4), "label": percent(share / 4)} for share in range(5)]
    return {"rows": rows, "ticks": ticks, "height": 44 + _ROW * len(rows)}


def _x(share: float) -> float:
    return round(_LEFT + _WIDTH * share, 1)


def _table(found: Evaluation) -> list[dict[str, Any]]:
    table = []
    for measure in MEASURES:
        shares = [found.scores[system].shares[measure.key] for system in SYSTEMS]
        if any(shares):
            table.append({"title": measure.title, "cells": [_cell(figure) for figure in shares]})
    scores = [found.scores[system] for system in SYSTEMS]
    lengths = [s.tokens for s in scores if s.tokens]
    table.append(
        {
            "title": "tokens a reply",
            "cells": [{"value": f"{f.value:.1f}", "range": f"{f.low:.1f} to {f.high:.1f}"} for f in lengths],
        }
    )
    speeds = [{"value": f"{s.tokens_per_second:.0f}", "range": f"median reply {s.median_ms:.0f} ms"} for s in scores]
    table.append({"title": "tokens a second, on this machine", "cells": speeds})
    return table


def _cell(figure: Estimate | None) -> dict[str, str]:
    if figure is None:
        return {"value": "-", "range": ""}
    return {"value": percent(figure.value), "range": f"{percent(figure.low)} to {percent(figure.high)}"}


def _drift(found: Evaluation) -> dict[str, Any]:
    before, after = found.drift.before, found.drift.after
    pairs = [
        (math.exp(b / n), math.exp(a / n)) for b, a, n in zip(before.losses, after.losses, before.tokens, strict=True)
    ]
    most = max(max(pair) for pair in pairs)
    bars = []
    for n, (old, new) in enumerate(pairs):
        widths = [round(560 * value / most, 1) for value in (old, new)]
        bars.append(
            {"title": f"passage {n + 1}", "y": 8 + 22 * n, "before": widths[0], "after": widths[1],
             "longest": max(widths), "told": f"{old:.1f}, {new:.1f}"}
        )  # fmt: skip
    return {"bars": bars, "height": 16 + 22 * len(bars)}
