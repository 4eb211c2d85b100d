"""The parent's side of one system: its process, what it is asked, and the memory and time that its processes take."""

import contextlib
import json
import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

THREADS = 2
SAMPLE = 0.1
"""Seconds between two looks at the memory of a system's processes."""
SERVE = Path(__file__).parent / "voice_peers" / "serve.py"


class Failed(Exception):  # noqa: N818 -- named for what is wrong
    """A system did not start or did not answer; the message is a sentence for the table."""


@dataclass(frozen=True)
class Peer:
    """One system of the comparison."""

    name: str
    title: str
    module: str
    environment: str = ""
    """The folder of the virtual environment that has it; empty: this one."""
    mixes: str = "mixed"
    """`mixed`: any adapters in one step; `grouped`: one adapter after another; `none`: no adapter at all."""
    plain: bool = True
    """Whether it is measured without an adapter."""

    def takes(self, adapters: int) -> bool:
        """Say whether it can serve a load with so many adapters."""
        return self.mixes != "none" if adapters else self.plain


MADE_BY = {".venv-vllm": "make bench VLLM=1", ".venv-bench": "make bench"}
PEERS = (
    Peer("ours", "Parley", "parley"),
    Peer("transformers", "transformers", "hugging_face", mixes="none"),
    Peer("peft-set", "peft set_adapter", "hugging_face", mixes="grouped", plain=False),
    Peer("peft-names", "peft adapter_names", "hugging_face", plain=False),
    Peer("vllm", "vLLM on CPU", "vllm_cpu", ".venv-vllm"),
    Peer("llama.cpp", "llama.cpp, 4-bit", "llama_cpp", ".venv-bench", mixes="grouped"),
    Peer("openvino", "OpenVINO GenAI, int8", "openvino_pipeline", ".venv-bench", mixes="none"),
    Peer("openvino-lora", "OpenVINO GenAI, int8, LoRA", "openvino_pipeline", ".venv-bench", "grouped", plain=False),
)
MEMORY_READ = Peer("memory", "memory read", "memory_read")


class Child:
    """A started system."""

    def __init__(self, peer: Peer, job: dict, python: str, log: Path) -> None:
        """Start it and load everything. Raises Failed."""
        self.peer = peer
        self.peak = 0
        self._log = log
        environment = os.environ | {
            "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1",
            "VLLM_CPU_OMP_THREADS_BIND": f"0-{THREADS - 1}", "VLLM_CPU_KVCACHE_SPACE": "1",
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_LOGGING_LEVEL": "WARNING", "VLLM_NO_USAGE_STATS": "1",
            "PYTHONPATH": os.pathsep.join([str(SERVE.parents[3]), os.environ.get("PYTHONPATH", "")]),
        }  # fmt: skip
        with log.open("w") as words:
            self._process = subprocess.Popen(
                [python, str(SERVE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words, text=True,
                env=environment,
            )  # fmt: skip
        self._tree = psutil.Process(self._process.pid)
        if hasattr(self._tree, "cpu_affinity"):  # as many cores for each; macOS knows no such thing
            self._tree.cpu_affinity(list(range(min(THREADS, os.cpu_count() or 1))))
        self._measuring = threading.Event()
        threading.Thread(target=self._sample, daemon=True).start()
        try:
            ready = self._exchange(job | {"peer": peer.name, "module": peer.module, "threads": THREADS})
        except Failed:
            self.close()
            raise
        self.says: str = ready["says"]
        self.load_seconds: float = ready["load_seconds"]
        self.loaded_peak = self.peak

    def answer(self, rows: list[dict], new_tokens: int) -> dict:
        """Return its measurement of one load, with what the machine did meanwhile. Raises Failed.

        ``others``: how many of the processors other programs kept busy, on average; ``peak``: bytes of memory that its
        processes held at most.
        """
        self.peak = 0
        before, busy, start = self.processor_seconds(), _busy_seconds(), time.perf_counter()
        reply = self._exchange({"rows": rows, "new_tokens": new_tokens})
        wall = time.perf_counter() - start
        others = _busy_seconds() - busy - (self.processor_seconds() - before)
        return reply | {"others": max(0.0, others / wall), "peak": self.peak}

    def close(self) -> None:
        """End it and whatever it has started."""
        family = [self._tree, *self._family()]
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        for process in family:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self._process.wait()

    def processor_seconds(self) -> float:
        """Return the processor time of its living processes."""
        total = 0.0
        for process in (self._tree, *self._family()):
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def _exchange(self, message: dict) -> dict:
        self._measuring.set()
        try:
            print(json.dumps(message), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        finally:
            self._measuring.clear()
        reply = json.loads(line) if line else {"failed": "its process ended"}
        if "failed" in reply:
            raise Failed(f"{self.peer.title} is left out: {reply['failed']} (its words are in {self._log}).")
        return reply

    def _sample(self) -> None:
        while self._process.poll() is None:
            if self._measuring.wait(timeout=1):
                held = 0
                for process in (self._tree, *self._family()):
                    with contextlib.suppress(psutil.Error):
                        held += process.memory_info().rss
                self.peak = max(self.peak, held)
                time.sleep(SAMPLE)

    def _family(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            return self._tree.children(recursive=True)
        return []


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    return times.user + times.nice + times.system
