"""Draws the avatars of the personas that ship: `python -m personas.avatars` writes each `avatar.png` anew.

Flat shapes on one colour, so that they are told apart at 32 pixels and survive a round crop. Coordinates are pixels of
the finished picture, from the top left.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import cos, pi, sin
from pathlib import Path

from personas.persona import LIBRARY

SIDE = 256
"""Pixels of a side: twice what Discord shows at most in a profile."""
_FINER = 4  # shapes have no smooth edges of their own: they are drawn this much larger
_COLOURS = 48

Point = tuple[float, float]

INK, WHITE, CREAM = "#2b2a33", "#ffffff", "#fff4dc"
SKIN, TAN, PALE = "#f4c9a2", "#dca273", "#f6d9c4"
GREY, SILVER = "#c9ced6", "#eceff3"
GOLD, AMBER, RED, GREEN = "#f7c548", "#f08a24", "#c8413b", "#3f8f5b"


class Canvas:
    """A picture in the making."""

    def __init__(self, ground: str) -> None:
        from PIL import Image, ImageDraw

        self._image = Image.new("RGB", (SIDE * _FINER, SIDE * _FINER), ground)
        self._pen = ImageDraw.Draw(self._image)

    def oval(self, centre: Point, wide: float, high: float, fill: str) -> None:
        """Fill an ellipse, given its centre and its half axes."""
        (x, y), s = centre, _FINER
        self._pen.ellipse(((x - wide) * s, (y - high) * s, (x + wide) * s, (y + high) * s), fill)

    def shape(self, points: Sequence[Point], fill: str) -> None:
        """Fill a polygon."""
        self._pen.polygon([(x * _FINER, y * _FINER) for x, y in points], fill)

    def box(self, start: Point, end: Point, fill: str, corner: float) -> None:
        """Fill a rectangle with round corners, given its first corner and its last."""
        s = _FINER
        self._pen.rounded_rectangle((start[0] * s, start[1] * s, end[0] * s, end[1] * s), corner * s, fill)

    def line(self, points: Sequence[Point], fill: str, thick: float) -> None:
        """Draw a line with round ends and bends."""
        for (x, y), (to_x, to_y) in pairwise(points):
            s = _FINER
            self._pen.line((x * s, y * s, to_x * s, to_y * s), fill, round(thick * s))
        for point in points:
            self.oval(point, thick / 2, thick / 2, fill)

    def arc(self, centre: Point, axes: Point, turns: Point, fill: str, thick: float) -> None:
        """Draw a part of an ellipse's edge: half axes, first and last angle in degrees, clockwise from the right."""
        first, last = (angle * pi / 180 for angle in turns)
        steps = [first + (last - first) * n / 40 for n in range(41)]
        self.line([(centre[0] + axes[0] * cos(a), centre[1] + axes[1] * sin(a)) for a in steps], fill, thick)

    def save(self, path: Path) -> None:
        """Write the picture as a PNG of few colours."""
        from PIL import Image

        small = self._image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        small.quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def eyes(canvas: Canvas, y: float, apart: float, size: float = 8, colour: str = INK) -> None:
    """Draw two dots that look at you, level with ``y``."""
    for x in (SIDE / 2 - apart, SIDE / 2 + apart):
        canvas.oval((x, y), size, size * 1.15, colour)
        canvas.oval((x + size * 0.3, y - size * 0.4), size * 0.3, size * 0.3, WHITE)


def grumpy_pirate(canvas: Canvas) -> None:
    """Hat, eye patch, grey beard and a frown."""
    canvas.shape([(44, 256), (62, 214), (194, 214), (212, 256)], "#7b2d3a")
    canvas.oval((128, 150), 66, 68, TAN)
    canvas.shape([(60, 150), (74, 226), (104, 250), (152, 250), (182, 226), (196, 150), (160, 178), (96, 178)], GREY)
    canvas.oval((128, 198), 56, 46, GREY)
    canvas.oval((128, 158), 15, 12, "#c4834f")
    canvas.oval((104, 182), 30, 14, SILVER)
    canvas.oval((152, 182), 30, 14, SILVER)
    canvas.arc((128, 214), (20, 12), (200, 340), INK, 6)
    canvas.line([(86, 104), (158, 138), (192, 142)], INK, 6)
    canvas.oval((158, 138), 22, 20, INK)
    canvas.oval((100, 142), 8, 9, INK)
    canvas.line([(82, 120), (112, 130)], SILVER, 9)
    canvas.oval((60, 172), 8, 8, GOLD)
    canvas.oval((60, 172), 4, 4, TAN)
    canvas.shape([(26, 104), (60, 58), (128, 20), (196, 58), (230, 104), (176, 94), (128, 98), (80, 94)], INK)
    canvas.line([(30, 104), (80, 96), (128, 100), (176, 96), (226, 104)], GOLD, 6)
    canvas.oval((128, 60), 17, 16, WHITE)
    canvas.box((119, 66), (137, 82), WHITE, 4)
    canvas.oval((121, 60), 5, 5, INK)
    canvas.oval((135, 60), 5, 5, INK)


def game_companion(canvas: Canvas) -> None:
    """Show a torch whose flame is a cheerful face."""
    for x, y, size in ((44, 70, 5), (212, 54, 6), (38, 168, 4), (220, 160, 5), (70, 30, 4), (196, 214, 4)):
        canvas.shape([(x, y - 2 * size), (x + size, y), (x, y + 2 * size), (x - size, y)], GOLD)
    canvas.shape([(104, 206), (152, 206), (142, 268), (114, 268)], "#8a5a34")
    canvas.box((92, 196), (164, 222), "#5f3d24", 10)
    flame = [(128, 14), (150, 52), (176, 66), (182, 42), (204, 92), (206, 140), (182, 186), (128, 204)]
    canvas.shape([*flame, *((SIDE - x, y) for x, y in reversed(flame[1:-1]))], AMBER)
    canvas.oval((128, 136), 78, 70, AMBER)
    canvas.shape([(128, 62), (156, 98), (128, 140), (100, 98)], GOLD)
    canvas.oval((128, 146), 60, 54, GOLD)
    eyes(canvas, 134, 26, 10)
    canvas.oval((84, 158), 11, 8, "#f6a04d")
    canvas.oval((172, 158), 11, 8, "#f6a04d")
    canvas.shape([(104, 156), (152, 156), (146, 172), (128, 180), (110, 172)], INK)
    canvas.oval((128, 173), 12, 6, RED)


def florist(canvas: Canvas) -> None:
    """Show a flower with a kind face."""
    canvas.line([(128, 180), (128, 262)], GREEN, 14)
    for side in (-1, 1):
        canvas.shape([(128, 246), (128 + 40 * side, 204), (128 + 92 * side, 208), (128 + 58 * side, 240)], GREEN)
    for n in range(8):
        angle = (n + 0.5) * pi / 4
        canvas.oval((128 + 64 * cos(angle), 112 + 64 * sin(angle)), 34, 34, "#f0718f" if n % 2 else "#f790a8")
    canvas.oval((128, 112), 62, 62, CREAM)
    for x in (104, 152):
        canvas.arc((x, 108), (10, 9), (195, 345), INK, 6)
    canvas.oval((90, 128), 11, 8, "#f9bcc0")
    canvas.oval((166, 128), 11, 8, "#f9bcc0")
    canvas.arc((128, 122), (22, 18), (25, 155), INK, 6)


def clerk(canvas: Canvas) -> None:
    """Put a face under a green eyeshade between the braces of JSON."""
    for side in (-1, 1):
        brace = ((88, 70), (104, 82), (104, 116), (118, 130), (104, 144), (104, 178), (88, 190))
        canvas.line([(128 + side * step, y) for step, y in brace], CREAM, 11)
    canvas.shape([(52, 256), (76, 216), (180, 216), (204, 256)], SILVER)
    canvas.shape([(128, 218), (142, 232), (134, 262), (122, 262), (114, 232)], RED)
    canvas.oval((128, 140), 62, 74, SKIN)
    canvas.box((66, 62), (190, 96), "#5b4636", 24)
    canvas.shape([(60, 92), (196, 92), (210, 122), (46, 122)], GREEN)
    canvas.box((62, 82), (194, 98), "#2c6b43", 6)
    for x in (102, 154):
        canvas.oval((x, 146), 25, 24, INK)
        canvas.oval((x, 146), 19, 18, WHITE)
        canvas.oval((x, 147), 7, 8, INK)
    canvas.line([(124, 144), (132, 144)], INK, 6)
    canvas.shape([(128, 172), (164, 190), (128, 186), (92, 190)], "#5b4636")
    canvas.line([(114, 200), (142, 200)], INK, 6)


def herald(canvas: Canvas) -> None:
    """Show a crier in a feathered cap, and a scroll of three bullets."""
    canvas.oval((128, 116), 58, 62, SKIN)
    for side in (-1, 1):
        canvas.oval((128 + 60 * side, 106), 15, 26, "#7a4a24")
        canvas.line([(128 + 34 * side, 101), (128 + 16 * side, 98)], "#7a4a24", 5)
    canvas.oval((128, 60), 84, 32, "#2f4fa0")
    canvas.box((64, 66), (192, 84), GOLD, 8)
    canvas.shape([(168, 66), (186, 16), (224, 4), (226, 30), (196, 66)], WHITE)
    canvas.line([(176, 72), (214, 14)], GREY, 4)
    eyes(canvas, 118, 23, 8)
    canvas.oval((128, 148), 19, 17, INK)
    canvas.oval((128, 157), 11, 7, RED)
    canvas.box((46, 176), (210, 262), CREAM, 4)
    canvas.box((34, 168), (222, 186), "#e5cf9e", 9)
    for y, end in ((202, 186), (222, 170), (242, 192)):
        canvas.oval((68, y), 7, 7, RED)
        canvas.line([(90, y), (end, y)], INK, 7)


def old_librarian(canvas: Canvas) -> None:
    """White bun, half-moon spectacles, a finger that hushes, and a book."""
    canvas.oval((128, 34), 30, 26, SILVER)
    canvas.oval((128, 108), 76, 70, SILVER)
    canvas.oval((128, 126), 58, 64, PALE)
    canvas.shape([(72, 112), (128, 62), (184, 112), (166, 88), (128, 72), (90, 88)], SILVER)
    eyes(canvas, 120, 25, 7)
    for x in (102, 154):
        canvas.line([(x - 14, 100), (x + 14, 98)], GREY, 6)
        canvas.arc((x, 126), (22, 18), (0, 180), RED, 6)
        canvas.line([(x - 22, 126), (x + 22, 126)], RED, 6)
    canvas.line([(124, 128), (132, 128)], RED, 6)
    canvas.line([(112, 166), (144, 166)], "#9c5a4a", 6)
    canvas.line([(150, 214), (132, 158)], INK, 21)
    canvas.line([(150, 214), (132, 158)], "#f0bf9f", 16)
    canvas.shape([(20, 262), (28, 202), (128, 220), (228, 202), (236, 262)], "#7b2d3a")
    canvas.shape([(36, 262), (42, 194), (128, 212), (128, 268)], CREAM)
    canvas.shape([(220, 262), (214, 194), (128, 212), (128, 268)], WHITE)
    canvas.line([(128, 214), (128, 262)], GREY, 4)
    for y in (218, 234, 250):
        canvas.line([(60, y - 2), (110, y + 7)], GREY, 5)
        canvas.line([(196, y - 2), (146, y + 7)], GREY, 5)


FIGURES: dict[str, tuple[str, Callable[[Canvas], None]]] = {
    "grumpy-pirate": ("#3c9aa8", grumpy_pirate),
    "game-companion": ("#5b3f94", game_companion),
    "florist": ("#bfe3cf", florist),
    "clerk": ("#4b6584", clerk),
    "herald": ("#c8413b", herald),
    "old-librarian": ("#345c45", old_librarian),
}


def draw(library: Path = LIBRARY) -> list[Path]:
    """Write the avatar of each shipped persona into its folder, and return the files."""
    written = []
    for name, (ground, figure) in FIGURES.items():
        canvas = Canvas(ground)
        figure(canvas)
        written.append(library / name / "avatar.png")
        canvas.save(written[-1])
    return written


if __name__ == "__main__":
    draw()
