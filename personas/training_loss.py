"""What training makes small: the surprise at each reply, and the distance from the base where it rehearses."""

from typing import Any

from personas.training_rows import IGNORED


def loss(model: Any, inputs: dict[str, Any], labels: Any) -> Any:  # noqa: ANN401 -- tensors and a library's model
    """Return the mean over all tokens that are learnt, in nats: cross-entropy of replies, divergence of passages.

    ``inputs``: token ids and attention mask, each (rows, tokens); ``labels``: the ids of what is learnt, of the same
    shape. A row that is learnt from its first token on is a passage that the base wrote itself; on it the divergence of
    the model from the base without its adapter is taken. The head over the vocabulary runs in the model's own precision
    and on the tokens that are learnt alone; TRL's own loss (trl/kernels/chunked_logprob.py) runs it in float32.
    """
    import torch

    labels = labels[:, 1:]
    learnt = labels != IGNORED
    passages = learnt[:, :1] & learnt  # no prompt stands before them
    replies = learnt & ~passages
    hidden = _hidden(model, inputs)
    head = model.get_base_model().get_output_embeddings()
    parts = []
    if replies.any():
        scores = head(hidden[replies]).float()
        parts.append(torch.nn.functional.cross_entropy(scores, labels[replies], reduction="none"))
    if passages.any():
        own = passages[:, 0]
        with torch.no_grad(), model.disable_adapter():
            before = _hidden(model, {name: rows[own] for name, rows in inputs.items()})
            wanted = head(before[passages[own]]).float().log_softmax(-1)
        now = head(hidden[passages]).float().log_softmax(-1)
        parts.append(torch.nn.functional.kl_div(now, wanted, reduction="none", log_target=True).sum(-1))
    return torch.cat(parts).mean()


def _hidden(model: Any, inputs: dict[str, Any]) -> Any:  # noqa: ANN401 -- likewise
    """Return the last layer's output at each token from which another is foretold."""
    return model.get_base_model().get_decoder()(**inputs).last_hidden_state[:, :-1]
