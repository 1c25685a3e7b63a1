"""A supervisor and three specialists. All of them read the same long brief, so its KV is
computed once and forked; the specialists work at the same time."""

from typing import Literal

from pydantic import BaseModel

import agentc as ag

MODEL = "smollm2-135m-instruct"
BRIEF = """You belong to the team that plans the summer fair of a small town. The fair takes place
on the market square on the last Saturday of June, from ten in the morning to ten at night. Two
thousand visitors are expected. There is a stage for music, a hall for food, and a meadow for
children. The town pays for water, power and the first-aid tent. The team has a budget of nine
thousand euros and twenty volunteers. If it rains, everything moves into the sports hall, which
holds eight hundred people. Answer in one short sentence."""


class Route(BaseModel):
    """Whose answer matters most."""

    lead: Literal["money", "people", "safety"]


@ag.llm(model=MODEL, system=BRIEF, max_tokens=32)
def money(task: str) -> str:
    """As the treasurer, what does this cost? {task}"""


@ag.llm(model=MODEL, system=BRIEF, max_tokens=32)
def people(task: str) -> str:
    """As the organiser of volunteers, who does this? {task}"""


@ag.llm(model=MODEL, system=BRIEF, max_tokens=32)
def safety(task: str) -> str:
    """As the safety officer, what can go wrong? {task}"""


@ag.llm(model=MODEL, system=BRIEF, output=Route, max_tokens=24)
def route(task: str) -> Route:
    """Who should lead this task: money, people or safety? {task}"""


@ag.llm(model=MODEL, system=BRIEF, max_tokens=48, stream=True)
def decide(task: str, lead: str, first: str, second: str, third: str) -> str:
    """Task: {task}
    Lead: {lead}
    Treasurer: {first}
    Volunteers: {second}
    Safety: {third}
    As the supervisor, decide in one sentence."""


@ag.graph(sla=ag.SLA(p95="60s"), budget=ag.Budget(tokens=10_000))
def supervisor(task: str) -> tuple[str, str]:
    lead = route(task).lead
    first, second, third = ag.parallel(
        lambda: money(task), lambda: people(task), lambda: safety(task)
    )
    return decide(task, lead, first, second, third), lead
