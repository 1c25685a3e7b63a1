"""Classify, then one of four experts."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, choices=["maths", "history", "cooking", "other"], max_tokens=6)
def classify(question: str) -> str:
    """Is this question about maths, history, cooking or other? {question}"""


@ag.llm(model=MODEL, max_tokens=16)
def expert(field: str, question: str) -> str:
    """You are an expert for {field}. {question}"""


@ag.graph
def conditional_routing(question: str) -> str:
    return ag.switch(
        classify(question),
        {
            "maths": lambda: expert("maths", question),
            "history": lambda: expert("history", question),
            "cooking": lambda: expert("cooking", question),
            "other": lambda: expert("everything", question),
        },
        default=lambda: expert("nothing", question),
    )
