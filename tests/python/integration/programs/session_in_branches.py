"""A conversation goes on inside a branch, a switch and a try, and is the right one afterwards."""

from typing import Literal

from pydantic import BaseModel

import agentc as ag

MODEL = "smollm2-135m-instruct"


class Route(BaseModel):
    """Where to."""

    to: Literal["sales", "support", "nobody"]


@ag.llm(model=MODEL, output=Route, max_tokens=12)
def route(message: str) -> Route:
    """Message: {message}. Route as JSON:"""


@ag.llm(model=MODEL, max_tokens=5)
def say(message: str) -> str:
    """{message}"""


@ag.graph
def session_in_branches(message: str, loud: bool) -> tuple[str, str, str, str]:
    talk = ag.session("talk", model=MODEL)
    other = ag.session("other", model=MODEL, system=message)
    first = ag.cond(loud, lambda: say("LOUD", session=talk), lambda: message)
    chosen = route(message).to
    second = ag.switch(
        chosen,
        {
            "sales": lambda: say("buy", session=talk),
            "support": lambda: say("help", session=other),
        },
        default=lambda: ag.text("nothing"),
    )
    third = ag.try_(
        lambda: ag.cond(
            ag.contains(say("again", session=talk), "zzz"),
            lambda: ag.text("zzz"),
            lambda: ag.throw("no zzz", "quiet"),
        ),
        catch=lambda error: error.kind,
    )
    return first, second + third, say("end", session=talk), say("end", session=other)
