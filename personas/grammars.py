"""Constrained decoding with llguidance (github.com/guidance-ai/llguidance): which tokens may come next in a reply."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from personas.engine import Grammar

_PROSE = r"""[^\[\]\n.!?"\\\x00-\x1F\x7F]{1,20}"""
"""Tokens that llguidance looks at as one, beside its own kinds: with it, a form that watches brackets and full stops
costs 0.2 ms a token in place of 0.7 (49,152 tokens)."""
_KEPT = 32
"""Grammars that stay compiled, with what earlier replies have made them work out."""
_WORN = "too many states"
"""What llguidance says of a grammar whose replies, all together, have made it work out all that it may (250,000)."""


class BadGrammar(Exception):  # noqa: N818 -- named for what is wrong
    """A grammar cannot hold a reply; the message says why."""


class Matcher:
    """Follows one reply."""

    def __init__(
        self,
        matcher: Any,  # noqa: ANN401 -- a class of an untyped library
        anew: Callable[[], Any],
        begun: Sequence[int],
        vocabulary: int,
    ) -> None:
        """Take what llguidance compiled, a way to compile it anew, the tokens that stand, and how many there are."""
        self._matcher, self._anew, self._taken = matcher, anew, list(begun)
        self._matcher.consume_tokens(self._taken)
        self._mask = np.zeros((1, -(-vocabulary // 32)), np.int32)

    def allowed(self, tokens: int) -> npt.NDArray[np.bool_]:
        """Return for each of so many tokens whether it may come next; an end of turn only where the form may end."""
        from llguidance.numpy import fill_next_token_bitmask

        fill_next_token_bitmask(self._matcher, self._mask)
        if self._matcher.is_error() and _WORN in self._matcher.get_error():
            self._matcher = self._anew()
            self._matcher.consume_tokens(self._taken)
            fill_next_token_bitmask(self._matcher, self._mask)
        known = np.unpackbits(self._mask.view(np.uint8)[0], bitorder="little")[:tokens].astype(np.bool_)
        return np.pad(known, (0, tokens - len(known)))  # a model's last layer may be wider than its vocabulary

    def take(self, token: int) -> None:
        """Go on by a token. One that is not allowed leaves nothing allowed but the end of the turn."""
        self._taken.append(token)
        self._matcher.consume_token(token)


class Grammars:
    """Compiles grammars for one tokenizer."""

    def __init__(self, tokenizer: Any, ends: frozenset[int]) -> None:  # noqa: ANN401 -- a transformers tokenizer
        """Take a fast tokenizer; ``ends``: tokens that end a turn."""
        self._tokenizer, self._ends = tokenizer, list(ends)
        self._vocabulary: Any = None
        self._compiled: OrderedDict[Grammar, Any] = OrderedDict()

    def matcher(self, grammar: Grammar, begun: Sequence[int] = ()) -> Matcher:
        """Return a matcher for one reply, of which some tokens may stand already. Raises BadGrammar."""
        first = self._copy(grammar)
        return Matcher(first, lambda: self._copy(grammar, anew=True), begun, self._vocabulary.vocab_size)

    def _copy(self, grammar: Grammar, *, anew: bool = False) -> Any:  # noqa: ANN401 -- see above
        compiled = self._compiled.pop(grammar, None)
        if compiled is None or anew:
            compiled = self._compile(grammar)
        self._compiled[grammar] = compiled
        if len(self._compiled) > _KEPT:
            self._compiled.popitem(last=False)
        return compiled.deep_copy()

    def _compile(self, grammar: Grammar) -> Any:  # noqa: ANN401 -- see above
        from llguidance import LLMatcher, LLTokenizer
        from llguidance.hf import from_tokenizer

        if self._vocabulary is None:
            slices = [_PROSE, *LLTokenizer.general_slices()]
            try:
                self._vocabulary = from_tokenizer(self._tokenizer, eos_token=self._ends, slices=slices)
            except ValueError as error:
                raise BadGrammar(f"The tokenizer of this model cannot be held to a form: {error}") from error
        compiled = LLMatcher(self._vocabulary, _rules(grammar), log_level=0)
        if fault := compiled.get_error():
            raise BadGrammar(_told(fault))
        return compiled


def fault(grammar: Grammar) -> str:
    """Return why a grammar cannot hold a reply of any model; nothing where it can."""
    from llguidance import LLMatcher

    try:
        found = LLMatcher.validate_grammar(_rules(grammar))
    except BadGrammar as error:
        return str(error)
    return _told(found) if found else ""


def _rules(grammar: Grammar) -> str:
    """Return llguidance's own form of a grammar; JSON as ``json.dumps`` writes it, which is what voices learn.

    Raises BadGrammar.
    """
    from llguidance import LLMatcher

    if grammar.kind == "json":
        # A small model in doubt writes white space until its limit, and half a surrogate pair is JSON but no text.
        written: Any = {
            "whitespace_flexible": False, "item_separator": ", ", "key_separator": ": ", "json_allowed_escapes": '"\\'
        }  # fmt: skip
        try:
            return LLMatcher.grammar_from_json_schema(grammar.text, overrides=written)
        except ValueError as error:
            raise BadGrammar(_told(str(error))) from error
    return LLMatcher.grammar_from_regex(grammar.text)


def _told(fault: str) -> str:
    words = " ".join(fault.split())
    return f"The [format] of this persona's card cannot hold a reply ({words[:300]}): mend its schema or pattern."
