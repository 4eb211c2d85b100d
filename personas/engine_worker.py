"""The process that owns the model: requests as JSON lines on standard input, replies on standard output.

One thread, one model, one queue. Two threads on one peft model answer in each other's voice (measured: 79 % of
400 replies, no error raised), so whatever is waiting is answered together, each row with its own adapter. The
process ends when its input does, and after any failure inside the model: peft leaves hooks behind that would make
the next request speak in the failed one's voice.
"""

import json
import os
import queue
import sys
import threading
from typing import Any

_ROWS = 8  # answered at once; more rows make the first answer wait longer than they save on two cores


class Voices:
    """The base model with every adapter that was asked for so far."""

    def __init__(self, base: str) -> None:
        from personas.base_model import load_base

        self._model, self._tokenizer = load_base(base)
        self._loaded: set[str] = set()

    def reply(self, requests: list[dict[str, Any]]) -> list[str]:
        """Return one reply a request, in order; all share one temperature."""
        import torch

        prompts = [
            self._tokenizer.apply_chat_template(request["turns"], add_generation_prompt=True, tokenize=False)
            for request in requests
        ]
        batch = self._tokenizer(prompts, return_tensors="pt", padding=True, add_special_tokens=False)
        limits = [request["max_tokens"] for request in requests]
        settings: dict[str, Any] = {"max_new_tokens": max(limits)}
        temperature = requests[0]["temperature"]
        settings |= {"do_sample": True, "temperature": temperature} if temperature else {"do_sample": False}
        names = [self._adapter(request["adapter"]) for request in requests]
        if self._loaded:
            settings["adapter_names"] = names
        with torch.inference_mode():
            output = self._model.generate(**batch, **settings)
        replies = output[:, batch["input_ids"].shape[1] :]
        kept = [row[:limit] for row, limit in zip(replies, limits, strict=True)]
        return [self._tokenizer.decode(row, skip_special_tokens=True).strip() for row in kept]

    def _adapter(self, adapter: dict[str, str] | None) -> str:
        if adapter is None:
            return "__base__"
        name = adapter["version"].replace(".", "-")
        if name not in self._loaded:
            if self._loaded:
                self._model.load_adapter(adapter["folder"], adapter_name=name)
            else:
                from peft import PeftModel

                self._model = PeftModel.from_pretrained(self._model, adapter["folder"], adapter_name=name).eval()
            self._loaded.add(name)
        return name


def main() -> None:
    """Answer until standard input ends."""
    # Libraries print to standard output; replies go to a copy of it that only this function knows.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    voices = Voices(sys.argv[1])
    waiting: queue.Queue[dict[str, Any] | None] = queue.Queue()
    threading.Thread(target=_read, args=(waiting,), daemon=True).start()
    kept: list[dict[str, Any]] = []
    while (first := kept.pop(0) if kept else waiting.get()) is not None:
        batch = [first]
        while len(batch) < _ROWS and not waiting.empty():
            following = waiting.get()
            if following is None:
                return
            (batch if following["temperature"] == first["temperature"] else kept).append(following)
        for request, text in zip(batch, voices.reply(batch), strict=True):
            print(json.dumps({"id": request["id"], "text": text}), file=out, flush=True)


def _read(waiting: "queue.Queue[dict[str, Any] | None]") -> None:
    for line in sys.stdin:
        waiting.put(json.loads(line))
    waiting.put(None)


if __name__ == "__main__":
    main()
