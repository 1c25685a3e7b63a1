"""The interpreter on small programs: each test is one rule of docs/spec.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentc._mlir import ir
from agentc._mlir.dialects import agent as _agent  # noqa: F401
from agentc.interpreter import Decoded, GenerateCall, Thrown, interpret
from agentc.interpreter.calls import call_seed
from agentc.interpreter.prompts import joined, pieces
from agentc.interpreter.values import majority, median
from agentc.plan import ChatFormat

SYMBOLS = """
agent.model @m llm source("smollm2-135m-instruct")
agent.model @e encoder source("all-minilm-l6-v2")
agent.index @docs source("docs/") embedder(@e)
agent.tool @half(x: i64) -> i64 class(pure)
agent.tool @fail(x: i64) -> i64 class(pure)
"""


class Recorder:
    """A world that remembers what it was asked. A call's answer is its number."""

    def __init__(self) -> None:
        self.calls: list[GenerateCall] = []
        self.tools: list[tuple[str, list[Any]]] = []

    def chat(self, model: str) -> ChatFormat:
        roles = ("system", "user", "assistant", "tool")
        return ChatFormat(
            begin={role: f"<{role}>" for role in roles},
            end=dict.fromkeys(roles, "</>"),
            default_system="be kind",
            end_tokens=(0,),
        )

    def generate(self, call: GenerateCall) -> Decoded:
        self.calls.append(call)
        return Decoded(str(len(self.calls)), (len(self.calls),))

    def embed(self, model: str, text: str) -> np.ndarray:
        return np.full(4, len(text), np.float32)

    def search(self, index: str, query: np.ndarray, k: int) -> list[dict[str, Any]]:
        return [{"id": str(i), "source": "s", "text": f"t{i}", "score": 0.0} for i in range(k)]

    def rerank(
        self, model: str, query: str, docs: list[dict[str, Any]], k: int
    ) -> list[dict[str, Any]]:
        return docs[::-1][:k]

    def call_tool(self, name: str, arguments: Sequence[Any]) -> Any:
        self.tools.append((name, list(arguments)))
        if name == "fail":
            raise Thrown("tool", "it broke")
        return arguments[0] // 2

    def call_module(self, name: str, arguments: Sequence[Any]) -> tuple[Any, ...]:
        raise AssertionError("no program here calls a module")

    def await_event(self, name: str, prompt: str | None) -> Any:
        return f"{name}: {prompt}"


def run(graph: str, world: Recorder | None = None, /, **inputs: Any) -> tuple[Any, ...]:
    with ir.Context():
        module = ir.Module.parse(SYMBOLS + graph)
        return interpret(module, inputs, world or Recorder())


def test_a_prompt_formats_every_printable_type() -> None:
    (text,) = run(
        """agent.graph @g(%i: i64 {agent.name = "i"}, %x: f64 {agent.name = "x"},
                          %b: i1 {agent.name = "b"}, %d: !agent.docs {agent.name = "d"},
                          %l: !agent.list<!agent.text> {agent.name = "l"}) -> !agent.text {
          %p = agent.prompt "{i} {x} {b}|{d}|{l}|{{}}"(i = %i : i64, x = %x : f64, b = %b : i1,
            d = %d : !agent.docs, l = %l : !agent.list<!agent.text>) : !agent.text
          agent.return %p : !agent.text
        }""",
        i=3,
        x=2.0,
        b=True,
        d=[{"id": "1", "source": "a.md", "text": "hi", "score": 0.5}],
        l=["one", "two"],
    )
    assert text == "3 2.0 true|[1] (a.md) hi|one\ntwo|{}"


def test_a_call_sees_default_system_user_turn_and_assistant_opening() -> None:
    world = Recorder()
    run(
        """agent.graph @g(%q: !agent.text {agent.name = "q"}) -> !agent.text {
          %p = agent.prompt "Question: {q}"(q = %q : !agent.text) : !agent.text
          %t = agent.generate @m(%p) max_tokens(3)
          agent.return %t : !agent.text
        }""",
        world,
        q="why",
    )
    stream = [(piece.text, piece.scaffold) for piece in world.calls[0].stream]
    assert stream == [
        ("<system>", True),
        ("be kind", False),
        ("</>", True),
        ("<user>", True),
        ("Question:", False),
        (" why", False),
        ("</>", True),
        ("<assistant>", True),
    ]


class Folding(Recorder):
    """Its model puts a system message into the user's turn, and names the day without one."""

    def chat(self, model: str) -> ChatFormat:
        usual = super().chat(model)
        return msgspec.structs.replace(
            usual, default_system="", opening="<day>", system_to_user="<joint>"
        )


def test_a_system_message_may_share_the_users_turn() -> None:
    world = Folding()
    run(
        """agent.graph @g(%q: !agent.text {agent.name = "q"}) -> !agent.text {
          %s = agent.prompt "Be"() : !agent.text
          %t = agent.generate @m(%q) system(%s) max_tokens(3)
          %u = agent.generate @m(%t) max_tokens(3)
          agent.return %u : !agent.text
        }""",
        world,
        q="why",
    )
    streams = ["".join(piece.text for piece in call.stream) for call in world.calls]
    assert streams == ["<system>Be<joint>why</><assistant>", "<day><user>1</><assistant>"]


def test_a_session_carries_its_whole_history() -> None:
    world = Recorder()
    run(
        """agent.graph @g(%q: !agent.text {agent.name = "q"}) -> !agent.text {
          %s = agent.open_session @m "talk" -> !agent.session
          %a, %s1 = agent.generate @m(%q) session(%s) max_tokens(3)
          %b, %s2 = agent.generate @m(%a) session(%s1) max_tokens(3)
          agent.return %b : !agent.text
        }""",
        world,
        q="hi",
    )
    first, second = (call.stream for call in world.calls)
    assert second[: len(first)] == first
    assert second[len(first)] == Decoded("1", (1,))


def test_a_loop_breaks_with_the_values_of_the_break_and_stops_at_max_iters() -> None:
    graph = """agent.graph @g(%n: i64 {agent.name = "n"}) -> (i64, i64) {
      %one = agent.constant 1 : i64
      %r:2 = agent.loop (%i, %x = %n : i64, %last = %n : i64) max_iters(3) -> (i64, i64) {
        %done = agent.compare le %x, %one : i64
        agent.break_if %done, %x, %i : i64, i64
        %y = agent.call_tool @half(%x) : (i64) -> i64
        agent.yield %y, %i : i64, i64
      }
      agent.return %r#0, %r#1 : i64, i64
    }"""
    assert run(graph, n=4) == (1, 2)
    assert run(graph, n=100) == (12, 2)


def test_a_caught_error_has_kind_and_message_and_undoes_nothing() -> None:
    world = Recorder()
    graph = """agent.graph @g(%n: i64 {agent.name = "n"}) -> !agent.text {
      %r = agent.try -> (!agent.text) {
        %h = agent.call_tool @half(%n) : (i64) -> i64
        %f = agent.call_tool @fail(%h) : (i64) -> i64
        %p = agent.prompt "{f}"(f = %f : i64) : !agent.text
        agent.yield %p : !agent.text
      } catch {
      ^bb0(%e: !agent.record<"Error", kind: !agent.text, message: !agent.text>):
        %k = agent.get_field %e["kind"]
            : !agent.record<"Error", kind: !agent.text, message: !agent.text>
        %m = agent.get_field %e["message"]
            : !agent.record<"Error", kind: !agent.text, message: !agent.text>
        %c = agent.concat %k, %m : !agent.text
        agent.yield %c : !agent.text
      }
      agent.return %r : !agent.text
    }"""
    assert run(graph, world, n=8) == ("toolit broke",)
    assert world.tools == [("half", [8]), ("fail", [4])]


def test_vote_map_and_loop_indices_make_the_seed() -> None:
    world = Recorder()
    run(
        """agent.graph @g(%l: !agent.list<!agent.text> {agent.name = "l"})
             -> !agent.list<!agent.text> {
          %r = agent.map %l : !agent.list<!agent.text> -> (!agent.list<!agent.text>) {
          ^bb0(%i: i64, %x: !agent.text):
            %v = agent.vote n(2) majority -> (!agent.text) {
            ^bb0(%k: i64):
              %t = agent.generate @m(%x) max_tokens(1) temperature(1.0) {site = 5 : i64}
              agent.yield %t : !agent.text
            }
            agent.yield %v : !agent.text
          }
          agent.return %r : !agent.list<!agent.text>
        }""",
        world,
        l=["a", "b"],
    )
    seeds = [call.seed for call in world.calls]
    assert seeds == [call_seed(0, 5, path) for path in ((0, 0), (0, 1), (1, 0), (1, 1))]
    assert len(set(seeds)) == 4


def test_retrieve_embeds_the_query_and_rerank_keeps_k() -> None:
    (docs,) = run(
        """agent.graph @g(%q: !agent.text {agent.name = "q"}) -> !agent.docs {
          %d = agent.retrieve @docs(%q) k(4) : !agent.text -> !agent.docs
          %r = agent.rerank @e(%q, %d) k(2) -> !agent.docs
          agent.return %r : !agent.docs
        }""",
        q="x",
    )
    assert [doc["id"] for doc in docs] == ["3", "2"]


@pytest.mark.parametrize(("kind", "expected"), [("div", -4), ("mod", 1)])
def test_integers_divide_towards_minus_infinity(kind: str, expected: int) -> None:
    graph = f"""agent.graph @g(%a: i64 {{agent.name = "a"}}, %b: i64 {{agent.name = "b"}}) -> i64 {{
      %r = agent.binary {kind} %a, %b : i64
      agent.return %r : i64
    }}"""
    assert run(graph, a=-7, b=2) == (expected,)
    with pytest.raises(Thrown, match="by zero"):
        run(graph, a=1, b=0)


@given(
    st.lists(st.sampled_from(["{a}", "{|}", " ", "x", "{{", "}}", "\n"]), max_size=12), st.text()
)
def test_pieces_join_to_the_text_and_are_never_empty(parts: list[str], value: str) -> None:
    """Cutting a prompt moves no character: the pieces are the text."""
    template = "".join(parts)
    made = pieces(template, {"a": value})
    expected = template.replace("{|}", "").replace("{a}", "\0")
    expected = expected.replace("{{", "{").replace("}}", "}").replace("\0", value)
    assert joined(made) == expected
    assert all(piece.text for piece in made)


def test_an_integer_that_does_not_fit_throws() -> None:
    graph = """agent.graph @g(%a: i64 {agent.name = "a"}) -> i64 {
      %r = agent.binary mul %a, %a : i64
      agent.return %r : i64
    }"""
    assert run(graph, a=2**31) == (2**62,)
    with pytest.raises(Thrown, match="fit"):
        run(graph, a=2**32)


def test_votes_ignore_white_space_and_medians_follow_the_type() -> None:
    assert majority([" yes", "no", "yes ", "no"], None) == "yes"
    assert majority(["a", "b", "b"], 1) == "a"
    assert majority([{"x": 1}, {"x": 2}, {"x": 2}], None) == {"x": 2}
    assert median([4, 1, 3, 2]) == 2
    assert median([4.0, 1.0, 3.0, 2.0]) == 2.5
