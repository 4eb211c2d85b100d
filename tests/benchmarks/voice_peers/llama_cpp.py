"""llama.cpp (xllamacpp) on the 4-bit file that the base's weights come from; adapters are converted to its format."""

import json
import re
import threading
import time
from pathlib import Path

import xllamacpp

SLOTS, CONTEXT = 16, 640
HEAD = 64
"""Dimensions of one attention head of the base."""
PLACE = re.compile(r"base_model\.model\.model\.layers\.(\d+)\.(?:self_attn|mlp)\.(\w+)\.lora_([AB])\.weight")
NAMES = {
    "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
    "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down",
}  # fmt: skip


class System:
    """Its server without HTTP: continuous batching of whatever shares an adapter, the rest one after the other."""

    def __init__(self, job: dict) -> None:
        settings = xllamacpp.CommonParams()
        settings.model.path = job["gguf"]
        settings.n_parallel, settings.n_ctx = SLOTS, SLOTS * CONTEXT
        settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = job["threads"]
        settings.n_gpu_layers = 0
        settings.verbosity = 0
        made = [
            to_gguf(Path(folder), Path(job["work"]) / "llama.cpp" / f"{version}.gguf")
            for version, folder in job["adapters"]
        ]
        settings.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(path), 0.0) for path in made]
        self._count = len(made)
        self._server = xllamacpp.Server(settings)
        self.says = "llama.cpp, 4-bit (Q4_1)"

    def answer(self, rows: list[dict], new_tokens: int) -> dict:
        """Return the measurement."""
        start = time.perf_counter()
        replies: list[dict] = [{} for _ in rows]

        def one(number: int) -> None:
            row = rows[number]
            request = {
                "prompt": row["ids"], "n_predict": new_tokens, "ignore_eos": True, "temperature": 0.0,
                "cache_prompt": True, "stream": True, "stream_options": {"include_usage": True},
                "lora": [{"id": n, "scale": float(n == row["adapter"])} for n in range(self._count)],
            }  # fmt: skip
            heard: list[tuple[float, dict]] = []
            self._server.handle_completions(request, lambda piece: heard.append((time.perf_counter() - start, piece)))
            [tokens] = [piece["usage"]["completion_tokens"] for _, piece in heard if piece.get("usage")]
            text = "".join(piece["choices"][0]["text"] for _, piece in heard if piece.get("choices"))
            replies[number] = {"seconds": heard[-1][0], "first": heard[0][0], "tokens": tokens, "text": text}

        threads = [threading.Thread(target=one, args=(number,)) for number in range(len(rows))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {"seconds": time.perf_counter() - start, "rows": replies}


def to_gguf(folder: Path, path: Path) -> Path:
    """Write a peft adapter of a Llama as llama.cpp reads it, once.

    The rows of q and k stand in another order there: the two halves that rotate together lie side by side.
    """
    import gguf
    from safetensors.torch import load_file

    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(settings["lora_alpha"]))
    for key, weight in load_file(folder / "adapter_model.safetensors").items():
        tensor = weight
        layer, module, side = PLACE.fullmatch(key).groups()
        if module in {"q_proj", "k_proj"} and side == "B":
            rows, rank = tensor.shape
            tensor = tensor.view(-1, 2, HEAD // 2, rank).transpose(1, 2).reshape(rows, rank)
        name = f"blk.{layer}.{NAMES[module]}.weight.lora_{side.lower()}"
        writer.add_tensor(name, tensor.contiguous().float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
