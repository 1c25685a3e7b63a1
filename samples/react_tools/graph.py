"""A shop assistant that works in steps: look something up, then multiply or finish.

The loop is bounded, and a step is a record whose JSON grammar the decoder enforces, so that even
a very small model cannot emit an invalid call. The record's fields come in the order in which it
is easiest to write them: which product and column first, the tool last.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

import agentc as ag

Product = Literal["tea", "coffee", "mug", "kettle"]
COLUMNS = ("price", "stock")


class Step(BaseModel):
    """One step of the assistant."""

    product: Product
    column: Literal["price", "stock"]
    factor: int = Field(ge=1, le=99)
    tool: Literal["lookup", "multiply", "finish"]


@ag.llm(
    model="smollm2-135m-instruct",
    output=Step,
    system="You plan the next step of a shop assistant as JSON.",
    max_tokens=64,
    out_tokens=ag.constant(32),
)
def decide(question: str, notes: str) -> Step:
    """Question: What do 4 teas cost?
    Found: nothing
    Step: {{"product":"tea","column":"price","factor":4,"tool":"lookup"}}
    Found: 4.5
    Step: {{"product":"tea","column":"price","factor":4,"tool":"multiply"}}
    Found: 18.0
    Step: {{"product":"tea","column":"price","factor":4,"tool":"finish"}}

    Question: How many mugs are in stock?
    Found: nothing
    Step: {{"product":"mug","column":"stock","factor":1,"tool":"lookup"}}
    Found: 35.0
    Step: {{"product":"mug","column":"stock","factor":1,"tool":"finish"}}

    Question: What do 7 coffees cost?
    Found: nothing
    Step: {{"product":"coffee","column":"price","factor":7,"tool":"lookup"}}
    Found: 7.25
    Step: {{"product":"coffee","column":"price","factor":7,"tool":"multiply"}}
    Found: 50.75
    Step: {{"product":"coffee","column":"price","factor":7,"tool":"finish"}}

    Question: {question}
    {notes}
    Step:"""


@ag.tool(
    effects="idempotent", reads=["shop"], timeout="2s", latency=ag.lognormal(p50="2ms", p95="9ms")
)
def lookup(product: str, column: str) -> float:
    """Reads one number of one product from the shop's database."""
    if column not in COLUMNS:
        raise ValueError(f"no column '{column}'; the columns are {' and '.join(COLUMNS)}")
    with closing(sqlite3.connect(":memory:")) as shop:
        shop.executescript((Path(__file__).parent / "shop.sql").read_text())
        query = f"SELECT {column} FROM products WHERE name = ?"
        row = shop.execute(query, [product]).fetchone()
    if row is None:
        raise ValueError(f"no product '{product}'")
    return float(row[0])


@ag.tool(effects="pure", timeout="1s", latency=ag.constant("1ms"))
def multiply(number: float, factor: int) -> float:
    """Multiplies."""
    return number * factor


@ag.llm(
    model="smollm2-135m-instruct",
    system="You write the reply of a shop in one short sentence.",
    max_tokens=32,
    stop=["\n"],
    stream=True,
)
def reply(question: str, number: float) -> str:
    """Question: What do 4 teas cost? Number: 18.0
    Reply: 4 teas cost 18.0 euros.
    Question: How many mugs are in stock? Number: 35.0
    Reply: There are 35.0 mugs in stock.
    Question: {question} Number: {number}
    Reply:"""


@ag.prompt
def note(notes: str, step: Step, number: float) -> str:
    """{notes}
    Step: {step}
    Found: {number}"""


@ag.graph(sla=ag.SLA(p95="60s"), budget=ag.Budget(tokens=4_000, wall="120s"))
def react(question: str) -> tuple[str, float, str]:
    def body(notes: str, number: float, done: bool):
        step = decide(question, notes)
        result = ag.switch(
            step.tool,
            {
                "lookup": lambda: lookup(step.product, step.column),
                "multiply": lambda: multiply(number, step.factor),
            },
            default=lambda: number,
            weights=[0.55, 0.4, 0.05],
        )
        return note(notes, step, result), result, step.tool != "lookup"

    notes, number, _ = ag.loop(
        body,
        init=("Found: nothing", 0.0, False),
        until=lambda notes, number, done: done,
        max_iters=4,
        p_stop=0.5,
    )
    return reply(question, number), number, notes
