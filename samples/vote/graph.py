"""Self-consistency: five sampled answers, the majority wins. All five share one prompt."""

import agentc as ag


@ag.llm(
    model="smollm2-135m-instruct",
    system="You judge the mood of a review.",
    choices=["positive", "negative"],
    temperature=0.8,
    max_tokens=4,
    out_tokens=ag.constant(2),
)
def judge(review: str) -> str:
    """Review: "I love it, it is perfect." Mood: positive
    Review: "It broke after a day, terrible." Mood: negative
    Review: "{review}" Mood:"""


@ag.graph(sla=ag.SLA(p95="20s"))
def mood(review: str) -> str:
    return ag.vote(lambda: judge(review), n=5, reduce="majority", quorum=3, cancel_rest=True)
