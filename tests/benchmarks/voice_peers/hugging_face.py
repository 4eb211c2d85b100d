"""transformers' `generate` in bf16: without adapters, with peft's `set_adapter`, and with its `adapter_names`."""

import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, StoppingCriteria


class System:
    """One batch a call; `set_adapter` needs one batch for each adapter."""

    def __init__(self, job: dict) -> None:
        torch.set_num_threads(job["threads"])
        torch.set_grad_enabled(False)
        self._way = job["peer"]
        self._tokenizer = AutoTokenizer.from_pretrained(job["endless"])
        self._model = AutoModelForCausalLM.from_pretrained(job["endless"], dtype=torch.bfloat16).eval()
        self.says = f"transformers, bf16, PyTorch {torch.__version__}"
        if self._way != "transformers":
            import peft

            self._names = [f"voice{number}" for number in range(len(job["adapters"]))]
            for name, (_, folder) in zip(self._names, job["adapters"], strict=True):
                if isinstance(self._model, peft.PeftModel):
                    self._model.load_adapter(folder, adapter_name=name)
                else:
                    self._model = peft.PeftModel.from_pretrained(self._model, folder, adapter_name=name).eval()
            self.says = f"peft {peft.__version__}, {self.says}"

    def answer(self, rows: list[dict], new_tokens: int) -> dict:
        """Return the measurement."""
        start = time.perf_counter()
        if self._way == "peft-set":
            batches = [
                [n for n, row in enumerate(rows) if row["adapter"] == a]
                for a in dict.fromkeys(r["adapter"] for r in rows)
            ]
        else:
            batches = [list(range(len(rows)))]
        replies: dict[int, dict] = {}
        for batch in batches:
            chosen = [rows[n] for n in batch]
            watch = FirstToken(len(chosen))
            written = self._batch(chosen, new_tokens, watch)
            seconds = time.perf_counter() - start
            for n, ids in zip(batch, written.tolist(), strict=True):
                replies[n] = {
                    "seconds": seconds,
                    "first": watch.at - start,
                    "tokens": len(ids),
                    "text": self._tokenizer.decode(ids),
                }
        return {"seconds": time.perf_counter() - start, "rows": [replies[n] for n in range(len(rows))]}

    def _batch(self, rows: list[dict], new_tokens: int, watch: "FirstToken") -> torch.Tensor:
        longest = max(len(row["ids"]) for row in rows)
        ids = torch.tensor([[0] * (longest - len(row["ids"])) + row["ids"] for row in rows])
        mask = torch.tensor([[0] * (longest - len(row["ids"])) + [1] * len(row["ids"]) for row in rows])
        more = {}
        if self._way == "peft-names":
            more = {"adapter_names": [self._names[row["adapter"]] for row in rows]}
        elif self._way == "peft-set":
            self._model.set_adapter(self._names[rows[0]["adapter"]])
        output = self._model.generate(
            input_ids=ids,
            attention_mask=mask,
            do_sample=False,
            max_new_tokens=new_tokens,
            min_new_tokens=new_tokens,
            stopping_criteria=[watch],
            **more,
        )
        return output[:, longest:]


class FirstToken(StoppingCriteria):
    """Never stops anything; is asked after every token, and so knows when the first was written."""

    def __init__(self, rows: int) -> None:
        self.at = 0.0
        self._never = torch.zeros(rows, dtype=torch.bool)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: object) -> torch.Tensor:
        self.at = self.at or time.perf_counter()
        return self._never
