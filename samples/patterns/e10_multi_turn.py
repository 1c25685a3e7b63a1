"""A conversation: one session, each turn sees the turns before."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, max_tokens=16)
def chat(message: str) -> str:
    """{message}"""


@ag.graph
def multi_turn(name: str) -> tuple[str, str]:
    talk = ag.session("talk", model=MODEL, system="You are a polite clerk.")
    first = chat("My name is " + name + ".", session=talk)
    return first, chat("What is my name?", session=talk)
