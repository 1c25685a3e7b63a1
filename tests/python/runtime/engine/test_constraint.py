"""Constrained output conforms, whatever the model would like to say."""

import json
import re

import pytest

from agentc.errors import RuntimeFault
from agentc.runtime.engine import Sampling

SCHEMA = {
    "type": "object",
    "properties": {
        "tool": {"enum": ["calc", "sql"]},
        "n": {"type": "integer", "minimum": 0, "maximum": 999},
        "note": {"type": "string", "maxLength": 6},
    },
    "required": ["tool", "n", "note"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("temperature", [0.0, 2.0])
def test_schema(driver, seed, temperature):
    d = driver()
    out = d.call(d.snapshot([seed] * 9), Sampling(200, temperature, schema=SCHEMA), seed)
    value = json.loads(out.text)
    assert list(value) == ["tool", "n", "note"]  # the order of the schema
    assert value["tool"] in ("calc", "sql")
    assert 0 <= value["n"] <= 999
    assert len(value["note"]) <= 6
    assert out.finish in ("grammar", "end")


@pytest.mark.parametrize("seed", range(4))
def test_choices(driver, seed):
    choices = ("yes", "no", 'say "hé"\n', "yesterday")
    d = driver()
    out = d.call(d.snapshot([seed] * 5), Sampling(60, 2.0, choices=choices), seed)
    assert out.text in choices


def test_regex(driver):
    d = driver()
    out = d.call(d.snapshot([1, 2]), Sampling(60, 2.0, regex=r"[A-F]{3}-[0-9]{2,4}(é|ü)"), 3)
    assert re.fullmatch(r"[A-F]{3}-[0-9]{2,4}(é|ü)", out.text)


def test_constrained_and_free_requests_share_a_batch(driver):
    d = driver()
    free = d.submit(d.snapshot(range(9)), Sampling(12, 1.0), 5)
    bound = d.submit(d.snapshot(range(9)), Sampling(12, 1.0, choices=("left", "right")), 5)
    d.run()
    alone = driver()
    assert d.result(bound).text in ("left", "right")
    expected = alone.call(alone.snapshot(range(9)), Sampling(12, 1.0), 5)
    assert d.result(free).tokens == expected.tokens


def test_max_tokens_leaves_a_prefix_of_something_valid(driver):
    d = driver()
    out = d.call(d.snapshot([3]), Sampling(12, schema=SCHEMA))
    assert (out.finish, len(out.tokens)) == ("length", 12)
    assert out.text.startswith('{"tool":"')
    with pytest.raises(json.JSONDecodeError):
        json.loads(out.text)


@pytest.mark.parametrize(
    "wrong", [{"schema": {"type": "nonsense"}}, {"regex": "(((("}, {"regex": "a(?=b)"}]
)
def test_a_bad_constraint_is_the_callers_fault(driver, wrong):
    d = driver()
    with pytest.raises(RuntimeFault, match="the output constraint cannot be compiled") as caught:
        d.call(d.snapshot([1]), Sampling(4, **wrong))
    assert caught.value.kind == "input"
    d.assert_all_free()


def test_a_grammar_is_compiled_once(driver):
    d = driver()
    for seed in range(3):
        d.call(d.snapshot([seed]), Sampling(20, choices=("a", "b")))
    assert len(d.engine.grammars._compiled) == 1


def test_compiled_grammars_are_bounded(driver, monkeypatch):
    monkeypatch.setattr("agentc.runtime.engine.constraint.MAX_COMPILED", 2)
    grammars = driver().engine.grammars
    for number in (1, 2, 1, 3):
        grammars.make(Sampling(9, choices=(f"answer {number}",)))
    kept = " ".join(grammars._compiled)
    assert "answer 1" in kept and "answer 3" in kept and "answer 2" not in kept
