"""A plan of as many steps as the model likes, all at once."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

import agentc as ag

MODEL = "smollm2-135m-instruct"


class Plan(BaseModel):
    """Steps."""

    steps: list[Annotated[str, StringConstraints(max_length=30)]] = Field(
        min_length=1, max_length=3
    )


@ag.llm(model=MODEL, output=Plan, max_tokens=64)
def plan(goal: str) -> Plan:
    """A plan in JSON, one to three short steps, for: {goal}"""


@ag.llm(model=MODEL, max_tokens=12)
def execute(step: str) -> str:
    """Do: {step}"""


@ag.graph
def plan_fan_out(goal: str) -> list[str]:
    return ag.map(execute, plan(goal).steps, width=ag.uniform(1, 3))
