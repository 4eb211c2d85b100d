"""vLLM on the processor with LoRA, driven step by step in its own process."""

import time

SLOTS, CONTEXT = 16, 640


class System:
    """One engine; every request names its adapter, and any mix runs in one step."""

    def __init__(self, job: dict) -> None:
        import vllm
        from vllm import EngineArgs, LLMEngine
        from vllm.lora.request import LoRARequest

        self._adapters = [
            LoRARequest(version, number, folder) for number, (version, folder) in enumerate(job["adapters"], 1)
        ]
        self._engine = LLMEngine.from_engine_args(EngineArgs(
            model=job["base"], dtype="bfloat16", enforce_eager=True, max_model_len=CONTEXT, max_num_seqs=SLOTS,
            enable_lora=bool(self._adapters), max_loras=max(1, len(self._adapters)), max_lora_rank=16,
            disable_log_stats=True,
        ))  # fmt: skip
        self._asked = 0
        self.says = f"vLLM {vllm.__version__.partition('+')[0]} on CPU, bf16, eager"

    def answer(self, rows: list[dict], new_tokens: int) -> dict:
        """Return the measurement."""
        from vllm import SamplingParams

        settings = SamplingParams(temperature=0.0, max_tokens=new_tokens, ignore_eos=True)
        start = time.perf_counter()
        numbers: dict[str, int] = {}
        for number, row in enumerate(rows):
            self._asked += 1
            numbers[str(self._asked)] = number
            adapter = None if row["adapter"] is None else self._adapters[row["adapter"]]
            self._engine.add_request(str(self._asked), {"prompt_token_ids": row["ids"]}, settings, lora_request=adapter)
        replies: list[dict] = [{} for _ in rows]
        while self._engine.has_unfinished_requests():
            for output in self._engine.step():
                reply, [written] = replies[numbers[output.request_id]], output.outputs
                seconds = time.perf_counter() - start
                reply.setdefault("first", seconds)
                reply |= {"seconds": seconds, "tokens": len(written.token_ids), "text": written.text}
        return {"seconds": time.perf_counter() - start, "rows": replies}
