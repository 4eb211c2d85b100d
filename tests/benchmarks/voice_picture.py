"""The voice benchmark's picture: bars of tokens a second, legible on a light and on a dark page."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from voice_figures import Figures
from voice_load import Cell

PANELS = (Cell(1, 1), Cell(8, 4), Cell(16, 16))
WIDTH, LABELS, BARS, ROW, GAP = 780, 220, 350, 24, 22
"""Pixels: the picture, the column of names, the longest bar, one bar with its distance, between two panels."""
COLOURS = """
.ground { fill: #ffffff } .word { fill: #1f2328 } .faint { fill: #59636e }
.ours { fill: #0969da } .voiced { fill: #848d97 } .plain { fill: #d1d9e0 }
@media (prefers-color-scheme: dark) {
  .ground { fill: #0d1117 } .word { fill: #f0f6fc } .faint { fill: #9198a1 }
  .ours { fill: #4493f8 } .voiced { fill: #7d8590 } .plain { fill: #3d444d }
}
text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
.title { font-size: 16px; font-weight: 600 } .panel { font-weight: 600 } .strong { font-weight: 700 }
"""


def bars(figures: Figures, load: Cell) -> list[tuple[str, float, str, str]]:
    """Return (name, tokens a second, kind, remark) of each system at a load, the fastest first.

    Systems that serve no adapter stand beside the others with the same number of requests, marked as such.
    """
    found = []
    for peer in figures.peers:
        value, kind, remark = figures.speed(peer, load), "voiced", ""
        mixes = figures.run["systems"][peer]["mixes"]
        if value is None and mixes == "none":
            value, kind, remark = figures.speed(peer, Cell(load.requests, 0)), "plain", "no adapter"
        elif mixes == "grouped" and load.adapters > 1:
            remark = "one voice after another"
        if value is not None:
            found.append((figures.title(peer), value, "ours" if peer == "ours" else kind, remark))
    return sorted(found, key=lambda bar: -bar[1])


def draw(figures: Figures) -> str:
    """Return the picture as SVG."""
    panels = [(load, rows) for load in PANELS if (rows := bars(figures, load))]
    height = 74 + sum(len(rows) * ROW + GAP + 24 for _, rows in panels)
    size = {"viewBox": f"0 0 {WIDTH} {height}", "width": str(WIDTH), "height": str(height)}
    picture = Element("svg", size, xmlns="http://www.w3.org/2000/svg", role="img")
    SubElement(picture, "title").text = "Tokens a second of each system"
    SubElement(picture, "style").text = COLOURS
    SubElement(picture, "rect", {"class": "ground", "width": "100%", "height": "100%", "rx": "8"})
    _text(picture, 20, 32, "Tokens a second: same weights, prompts, machine and run", "title word")
    rounds = 1 + max(one["round"] for one in figures.run["measurements"])
    of = f"median of {rounds} rounds" if rounds > 1 else "one round"
    tokens = f"prompts of {figures.run['prompt_tokens']:.0f} tokens, replies of {figures.run['new_tokens']}"
    _text(picture, 20, 52, f"{tokens}; {of}; {figures.run['machine']}", "faint")
    top = 74
    for load, rows in panels:
        _text(picture, 20, top + 14, str(load).capitalize(), "panel word")
        _panel(picture, top + 24, rows)
        top += len(rows) * ROW + GAP + 24
    indent(picture)
    return tostring(picture, encoding="unicode") + "\n"


def _panel(picture: Element, top: int, rows: list[tuple[str, float, str, str]]) -> None:
    longest = max(value for _, value, _, _ in rows)
    for number, (name, value, kind, remark) in enumerate(rows):
        y, length = top + number * ROW, BARS * value / longest
        weight = " strong" if kind == "ours" else ""
        _text(picture, LABELS - 10, y + 15, name, f"word{weight}", anchor="end")
        SubElement(picture, "rect", {
            "class": kind, "x": str(LABELS), "y": str(y), "width": f"{length:.1f}", "height": str(ROW - 6), "rx": "3",
        })  # fmt: skip
        figure = _text(picture, LABELS + length + 8, y + 15, f"{value:.0f}", f"word{weight}")
        if remark:
            SubElement(figure, "tspan", {"class": "faint", "dx": "8"}).text = remark


def _text(picture: Element, x: float, y: float, text: str, kind: str, anchor: str = "start") -> Element:
    element = SubElement(picture, "text", {"class": kind, "x": f"{x:.1f}", "y": str(y), "text-anchor": anchor})
    element.text = text
    return element
