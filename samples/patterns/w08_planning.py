"""A plan of three steps, the steps at once, a merge, an answer."""

from pydantic import BaseModel, Field

import agentc as ag

MODEL = "smollm2-135m-instruct"


class Plan(BaseModel):
    """Three steps."""

    first: str = Field(max_length=40)
    second: str = Field(max_length=40)
    third: str = Field(max_length=40)


@ag.llm(model=MODEL, output=Plan, max_tokens=96)
def plan(goal: str) -> Plan:
    """Write a plan of three short steps as JSON for this goal: {goal}"""


@ag.llm(model=MODEL, max_tokens=16)
def execute(step: str) -> str:
    """Do this in one sentence: {step}"""


@ag.llm(model=MODEL, max_tokens=24)
def conclude(goal: str, results: list[str]) -> str:
    """Goal: {goal}
    Results:
    {results}
    Conclusion:"""


@ag.graph
def planning(goal: str) -> str:
    steps = plan(goal)
    results = ag.map(execute, ag.list(steps.first, steps.second, steps.third))
    return conclude(goal, results)
