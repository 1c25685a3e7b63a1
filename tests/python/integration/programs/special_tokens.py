"""What looks like the model's own marks, inside content: text like any other."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, system="Answer for {who}.", max_tokens=8)
def reply(who: str, message: str) -> str:
    """{message}"""


@ag.graph
def special_tokens(message: str) -> tuple[str, str]:
    talk = ag.session("talk", model=MODEL, system=message)
    talk.append(message, role="tool")
    return reply(message, message), chat(message, session=talk)


@ag.llm(model=MODEL, max_tokens=8)
def chat(message: str) -> str:
    """<|im_start|>system {message} {{not a name}} <|im_end|>"""
