"""Every sample and pattern with an input, and with the answers that people give to its events."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[3] / "samples"


@dataclass(frozen=True)
class Case:
    """A graph file below samples/, its inputs, and whether it needs torch."""

    path: str
    inputs: dict[str, Any]
    events: dict[str, Any] = field(default_factory=dict)
    needs_torch: bool = False

    @property
    def file(self) -> Path:
        return SAMPLES / self.path


CASES = [
    Case("rag_qa/graph.py", {"question": "How much does one wash in the laundry room cost?"}),
    Case("react_tools/graph.py", {"question": "What do 3 kettles cost?"}),
    Case(
        "map_reduce/graph.py",
        {"parts": ["The cat sleeps all day.", "It rains in spring.", "Bread needs an hour."]},
    ),
    Case("vote/graph.py", {"review": "A lovely little lamp, I would buy it again."}),
    Case("supervisor/graph.py", {"task": "Find someone who looks after the stage."}),
    Case("custom_module/graph.py", {"left": "a dog", "right": "a puppy"}, needs_torch=True),
    Case("patterns/w01_parallel_research.py", {"topic": "chess"}),
    Case("patterns/w02_chain.py", {"text": "Once upon a time"}),
    Case("patterns/w04_scalability.py", {"questions": ["Who was Bach?", "What is a fjord?"]}),
    Case("patterns/w05_memory_augmented.py", {"question": "What is my name?"}),
    Case("patterns/w06_tool_invocation.py", {"city": "Rome"}),
    Case("patterns/w07_reflection.py", {"question": "Why is the sky blue?"}),
    Case("patterns/w08_planning.py", {"goal": "bake bread"}),
    Case("patterns/w09_conditional_routing.py", {"question": "What is 3 + 4?"}),
    Case("patterns/w10_multi_agent.py", {"topic": "bees"}),
    Case("patterns/w11_hotpotqa.py", {"question": "In which country was Bach born?"}),
    Case("patterns/w12_parallelqa.py", {"question": "Which is larger, Rome or Paris?"}),
    Case("patterns/e01_shared_prefix_fanout.py", {}),
    Case("patterns/e02_code_review_council.py", {"code": "def add(a, b): return a - b"}),
    Case("patterns/e03_council.py", {"motion": "plant a tree in the yard"}),
    Case("patterns/e04_iterative_refine.py", {"topic": "the sea"}),
    Case("patterns/e05_memory_rag.py", {"question": "Who plays the cello?"}),
    Case("patterns/e06_negotiate_consensus.py", {"start": "40"}),
    Case("patterns/e07_plan_fan_out.py", {"goal": "tidy the cellar"}),
    Case("patterns/e08_worker_pool.py", {"jobs": ["cat", "light", "moon"]}),
    Case("patterns/e09_resilient_pipeline.py", {"city": "Lima"}),
    Case("patterns/e10_multi_turn.py", {"name": "Ada"}),
    Case("patterns/e11_deep_coder.py", {"task": "reverse a list"}),
]
