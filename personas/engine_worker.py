"""The process that owns the model: requests as JSON lines on standard input, text as it is written on standard output.

One thread, one model, one queue: two threads on one model answer in each other's voice (measured on peft: 79 % of
400 replies, no error raised). The process ends when its input does, and after any failure inside the model.
"""

import argparse
import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import Any, TextIO

from personas.engine import Grammar
from personas.generation import Job, Runtime, RuntimeChoice, Setup, Weights
from personas.grammars import BadGrammar, Grammars


class Worker:
    """Hears requests, lets the runtime write, says what it wrote."""

    def __init__(self, base: str, runtime: RuntimeChoice, weights: Weights, adapter_memory: int, out: TextIO) -> None:
        """Load the model; ``adapter_memory``: bytes that adapters may take; ``out``: for messages."""
        from transformers import AutoTokenizer

        self._out = out
        self._heard: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._ended = False
        self._tokenizer = AutoTokenizer.from_pretrained(base, padding_side="left")
        if self._tokenizer.pad_token_id is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        self._runtime = self._chosen(base, runtime, weights, adapter_memory)
        threading.Thread(target=self._listen, daemon=True).start()
        self._say({"runtime": self._runtime.name, "patience": self._runtime.patience})

    def run(self) -> None:
        """Answer until standard input ends."""
        while not self._ended:
            self._poll(wait=not self._runtime.busy)
            if self._runtime.busy:
                self._runtime.step()

    def _chosen(self, base: str, runtime: RuntimeChoice, weights: Weights, adapter_memory: int) -> Runtime:
        """Return the fast runtime where it can hold the model, else the general one; say which, and why."""
        from transformers import AutoConfig, GenerationConfig

        config = AutoConfig.from_pretrained(base)
        try:
            ends = GenerationConfig.from_pretrained(base).eos_token_id
        except OSError:  # a model without a file of its own for this
            ends = config.eos_token_id
        turn_ends = frozenset(ends if isinstance(ends, list) else [ends]) | {self._tokenizer.eos_token_id}
        setup = Setup(base, config, self._tokenizer, turn_ends, adapter_memory, self._say)
        self._grammars = Grammars(self._tokenizer, turn_ends)
        reason = "it was asked for"
        if runtime != "peft":
            try:
                from personas.continuous_batching import ContinuousBatching

                return ContinuousBatching(setup, _folder(base), weights)
            except Exception as error:
                if runtime == "openvino":
                    raise
                reason = str(error) or repr(error)
        from personas.peft_runtime import PeftRuntime

        print(f"The general runtime answers ({reason}).", file=sys.stderr, flush=True)  # noqa: T201 -- the log
        return PeftRuntime(setup, self._poll)

    def _listen(self) -> None:
        for line in sys.stdin:
            self._heard.put(json.loads(line))
        self._heard.put(None)

    def _poll(self, *, wait: bool = False) -> None:
        """Take in everything that was asked for and cancelled so far."""
        while wait or not self._heard.empty():
            wait = False
            message = self._heard.get()
            if message is None:
                self._ended = True
            elif "cancel" in message:
                self._runtime.cancel(message["cancel"])
            else:
                self._submit(message)

    def _submit(self, message: dict[str, Any]) -> None:
        prompt = self._tokenizer.apply_chat_template(message["turns"], add_generation_prompt=True, tokenize=False)
        # A reply that was begun by a worker that ended goes on where it was.
        tokens = self._tokenizer.encode(prompt, add_special_tokens=False)
        begun = self._tokenizer.encode(message["begun"], add_special_tokens=False) if message["begun"] else []
        adapter = message["adapter"] or {"version": None, "folder": None}
        length = len(tokens) + message["max_tokens"]
        if length > self._runtime.context:
            self._say({"id": message["id"], "too_long": [len(tokens), self._runtime.context - message["max_tokens"]]})
        elif len(begun) >= message["max_tokens"]:
            self._say({"id": message["id"], "text": "", "done": True})
        else:
            try:
                matcher = self._grammars.matcher(Grammar(**held), begun) if (held := message["grammar"]) else None
            except BadGrammar as error:
                self._say({"id": message["id"], "failed": str(error)})
                return
            self._runtime.submit(
                Job(
                    id=message["id"], prompt=(*tokens, *begun), version=adapter["version"],
                    folder=Path(adapter["folder"]) if adapter["folder"] else None, server=message["server"],
                    max_tokens=message["max_tokens"] - len(begun), temperature=message["temperature"], matcher=matcher,
                )
            )  # fmt: skip

    def _say(self, message: dict[str, object]) -> None:
        print(json.dumps(message), file=self._out, flush=True)


def _folder(base: str) -> Path:
    """Return the folder of a model, that of the hub's local copies where it is an id."""
    if Path(base).is_dir():
        return Path(base)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(base, allow_patterns=["*.json", "*.safetensors"]))


def main() -> None:
    """Start, and answer until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("base")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--weights", default="int8")
    parser.add_argument("--adapter-memory", type=int, default=256 * 2**20)
    asked = parser.parse_args()
    # Libraries print to standard output; messages go to a copy of it that only the worker knows.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    Worker(asked.base, asked.runtime, asked.weights, asked.adapter_memory, out).run()
    os._exit(0)  # threads of the libraries are not waited for


if __name__ == "__main__":
    main()
