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
    """`ContinuousBatchingPipeline`; one adapter at a time speaks for all of its requests."""

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
        settings = genai.GenerationConfig()
        settings.max_new_tokens, settings.ignore_eos, settings.do_sample = new_tokens, True, False
        replies: list[dict] = [{"ids": []} for _ in rows]
        for adapter in dict.fromkeys(row["adapter"] for row in rows):
            if adapter is not None:
                self._switch(adapter)
            handles = {
                n: self._pipeline.add_request(n, ov.Tensor(np.array([row["ids"]], np.int64)), settings)
                for n, row in enumerate(rows)
                if row["adapter"] == adapter
            }
            while self._pipeline.has_non_finished_requests():
                self._pipeline.step()
                seconds = time.perf_counter() - start
                for n, handle in handles.items():
                    while handle.can_read():
                        [written] = handle.read().values()
                        replies[n]["ids"] += written.generated_ids
                        replies[n].setdefault("first", seconds)
                        replies[n]["seconds"] = seconds
        for reply in replies:
            ids = reply.pop("ids")
            reply |= {"tokens": len(ids), "text": self._tokenizer.decode(ids)}
        return {"seconds": max(reply["seconds"] for reply in replies), "rows": replies}

    def _switch(self, adapter: int) -> None:
        """Let an adapter speak for all requests from now on, which `generate` alone can: here with a token's work."""
        settings = genai.GenerationConfig()
        settings.max_new_tokens = 1
        settings.adapters = genai.AdapterConfig(self._adapters[adapter], self._scale)
        self._pipeline.generate([ov.Tensor(np.array([[1]], np.int64))], [settings])


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
