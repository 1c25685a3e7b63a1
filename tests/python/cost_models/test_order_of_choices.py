"""A placement is worth the same in whatever order its choices are listed, to the last bit."""

from __future__ import annotations

from cost_strategies import problems
from hypothesis import given
from hypothesis import strategies as st

from agentc.cost_models.evaluate import Evaluator


@given(problems(), st.randoms(use_true_random=False))
def test_metrics_do_not_depend_on_the_order_of_choices(problem, rng) -> None:
    choices = [(stage.id, 0) for stage in problem.stages if stage.candidates]
    if len(choices) < len(problem.stages):
        return
    shuffled = choices.copy()
    rng.shuffle(shuffled)
    evaluator = Evaluator(problem)
    first, second = evaluator.chosen(dict(choices)), evaluator.chosen(dict(shuffled))
    assert list(first.items()) == list(second.items())
    assert evaluator.memory_bytes(first) == evaluator.memory_bytes(second)
