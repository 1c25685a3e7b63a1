"""Two parties bid in turns until they agree, four rounds at most."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, choices=["10", "20", "30", "40"], temperature=0.9, max_tokens=4)
def bid(party: str, offer: str) -> str:
    """You are the {party}. The other side says {offer}. Your price, 10, 20, 30 or 40:"""


@ag.graph
def negotiate_consensus(start: str) -> tuple[str, str]:
    def one_round(sell: str, buy: str) -> tuple[str, str]:
        sell = bid("seller", buy)
        return sell, bid("buyer", sell)

    return ag.loop(
        one_round,
        init=(start, "nothing"),
        until=lambda sell, buy: sell == buy,
        max_iters=4,
        p_stop=0.3,
    )
