"""TRL's trainer, set up for lessons that are already in order and in tokens."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personas.exact_adamw import exact_adamw
from personas.recipe import Recipe
from personas.training_loss import loss
from personas.training_rows import Encoded

if TYPE_CHECKING:
    from collections.abc import Callable

_EVERY = 25
"""Steps between checkpoints: under a minute's work on two cores for the embedded base."""
_RECENT = 20
"""Steps over which the final loss is taken."""


def fit(  # noqa: PLR0913, PLR0917 -- what is trained, on what, how, and where it is kept
    model: Any,  # noqa: ANN401 -- the library's own type does not know the layers inside
    tokenizer: Any,  # noqa: ANN401 -- likewise
    lessons: Sequence[Encoded],
    recipe: Recipe,
    folder: Path,
    checkpoint: Path | None,
    progress: "Callable[[int, int, float], None] | None",
    mark: str,
) -> float:
    """Train a model with an adapter on it; return the mean loss of the last steps.

    ``checkpoint``: where to go on from; ``mark``: name of the file that is put into each checkpoint once it is whole.
    """
    from datasets import Dataset
    from transformers import PrinterCallback, TrainerCallback
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    class Watch(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, **known: Any) -> None:  # noqa: ANN401, ARG002 -- the library's own
            if progress and "loss" in known.get("logs", {}):
                progress(state.global_step, state.max_steps, known["logs"]["loss"])

        def on_save(self, args: Any, state: Any, control: Any, **known: Any) -> None:  # noqa: ANN401, ARG002 -- likewise
            (folder / f"checkpoint-{state.global_step}" / mark).touch()

    class Lessons(SFTTrainer):
        def _load_from_checkpoint(self, *_: object, **__: object) -> None:
            """Leave the weights to the optimiser, which has them more exactly.

            What peft loads are new parameters, and the optimiser would go on moving the old ones.
            """

        def compute_loss(self, model: Any, inputs: Any, *_: object, **__: object) -> Any:  # noqa: ANN401 -- the library's own
            return loss(model, inputs, inputs.pop("labels"))

    arguments = SFTConfig(
        output_dir=str(folder), seed=recipe.seed, num_train_epochs=1,  # the epochs stand one after another
        per_device_train_batch_size=recipe.batch_rows, train_sampling_strategy="sequential",
        learning_rate=recipe.learning_rate, lr_scheduler_type="cosine", warmup_steps=recipe.warm_up, max_grad_norm=1.0,
        logging_steps=1, save_steps=_EVERY, save_total_limit=2, report_to=[], disable_tqdm=True,
        max_length=None, packing=False, gradient_checkpointing=False, bf16=False, use_cpu=model.device.type == "cpu",
        dataloader_pin_memory=False,
    )  # fmt: skip
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = exact_adamw(trained, recipe.learning_rate)
    trainer = Lessons(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list([{"input_ids": row.ids, "labels": row.labels} for row in lessons]),
        processing_class=tokenizer,
        optimizers=(optimizer, None),
        callbacks=[Watch()],
    )
    trainer.remove_callback(PrinterCallback)  # the caller shows the progress
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of names that the libraries will change among themselves
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry][-_RECENT:]
    return sum(losses) / len(losses)
