"""Three specialists, a synthesis, and a switch on the verdict."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, max_tokens=16)
def review(view: str, code: str) -> str:
    """Review this code for {view}: {code}"""


@ag.llm(model=MODEL, choices=["accept", "change", "reject"], max_tokens=4)
def verdict(reviews: list[str]) -> str:
    """Reviews:
    {reviews}
    Verdict, accept, change or reject:"""


@ag.llm(model=MODEL, max_tokens=16)
def write(kind: str, code: str) -> str:
    """Write one sentence to the author that says: {kind}. The code was: {code}"""


@ag.graph
def code_review_council(code: str) -> str:
    reviews = ag.parallel(
        lambda: review("security", code),
        lambda: review("speed", code),
        lambda: review("style", code),
    )
    return ag.switch(
        verdict(ag.list(*reviews)),
        {
            "accept": lambda: write("well done", code),
            "change": lambda: write("please change", code),
        },
        default=lambda: write("no, thank you", code),
    )
