"""OpenVINO GenAI on an int8 export, without adapters or with peft's adapter files; one voice a call."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import openvino as ov
import openvino_genai as genai

CACHE_GB = 1


class System:
    """`ContinuousBatchingPipeline.generate`; it refuses requests of different adapters in one call."""

    def __init__(self, job: dict) -> None:
        exported = _export(job["base"], Path(job["work"]) / "openvino-int8")
        scheduler = genai.SchedulerConfig()
        scheduler.cache_size = CACHE_GB
        scheduler.enable_prefix_caching = True
        properties: dict = {"INFERENCE_NUM_THREADS": job["threads"]}
        self._adapters = []
        if job["peer"] == "openvino-lora":
            # LoRA's scale is alpha / rank; this interface takes it from the caller.
            self._scale = 2.0
            self._adapters = [genai.Adapter(f"{folder}/adapter_model.safetensors") for _, folder in job["adapters"]]
            known = genai.AdapterConfig()
            for adapter in self._adapters:
                known.add(adapter, self._scale)
            properties["adapters"] = known
        self._pipeline = genai.ContinuousBatchingPipeline(str(exported), scheduler, "CPU", properties)
        self._tokenizer = self._pipeline.get_tokenizer()
        self.says = f"OpenVINO GenAI {genai.__version__.partition('-')[0]}, int8"

    def answer(self, rows: list[dict], new_tokens: int) -> dict:
        """Return the measurement."""
        start = time.perf_counter()
        replies: dict[int, dict] = {}
        for adapter in dict.fromkeys(row["adapter"] for row in rows):
            batch = [n for n, row in enumerate(rows) if row["adapter"] == adapter]
            prompts = [ov.Tensor(np.array([rows[n]["ids"]], np.int64)) for n in batch]
            asked = time.perf_counter() - start
            results = self._generated(prompts, adapter, new_tokens)
            written = [result.m_generation_ids[0] for result in results]
            first = asked + results[0].perf_metrics.get_ttft().mean / 1000  # one figure for all requests of a call
            seconds = time.perf_counter() - start
            for n, ids in zip(batch, written, strict=True):
                replies[n] = {
                    "seconds": seconds,
                    "first": first,
                    "tokens": len(ids),
                    "text": self._tokenizer.decode(ids),
                }
        return {"seconds": time.perf_counter() - start, "rows": [replies[n] for n in range(len(rows))]}

    def _generated(self, prompts: list, adapter: int | None, new_tokens: int) -> list:
        settings = genai.GenerationConfig()
        settings.max_new_tokens, settings.ignore_eos, settings.do_sample = new_tokens, True, False
        if adapter is not None:
            settings.adapters = genai.AdapterConfig(self._adapters[adapter], self._scale)
        return self._pipeline.generate(prompts, [settings] * len(prompts))


def _export(base: str, folder: Path) -> Path:
    """Export the base with int8 weights, once."""
    if not folder.is_dir():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        command = [sys.executable, "-m", "optimum.commands.optimum_cli", "export", "openvino", "--model", base]
        command += ["--task", "text-generation-with-past", "--weight-format", "int8", str(unfinished)]
        subprocess.run(command, check=True)
        unfinished.rename(folder)
    return folder
