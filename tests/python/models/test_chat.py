"""Chat templates become scaffold strings that rebuild what the template renders."""

from __future__ import annotations

import pytest
from jinja2 import Template

from agentc import models
from agentc.errors import ModelFormatError
from agentc.models import gguf_tokenizer
from agentc.models.chat import chat_format
from agentc.models.gguf_file import GgufFile
from agentc.models.tokenizer import TokenizerSource

CHATML = (
    "{% for m in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "<|s|>system\nBe good<|e|>\n{% endif %}<|s|>{{ m['role'] }}\n{{ m['content'] }}<|e|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|s|>assistant\n{% endif %}"
)
LLAMA3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = "
    "'<|h|>' + message['role'] + '<|/h|>\n\n' + message['content'] | trim + '<|eot|>' %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|h|>assistant<|/h|>\n\n' }}{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} "
    "[/INST]{% elif m['role'] == 'assistant' %} {{ m['content'] }}{{ eos_token }}{% else %}"
    "{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}"
)


def source(template: str, *, bos: str = "<s>", add_bos: bool = False) -> TokenizerSource:
    return TokenizerSource("{}", template, bos, "</s>", add_bos, (2,))


def conversation(chat, messages):
    """The contract's token stream, as text."""
    system = [m for m in messages if m["role"] == "system"]
    parts = [chat.bos]
    if not system and chat.default_system:
        parts += [chat.begin["system"], chat.default_system, chat.end["system"]]
    for m in messages:
        parts += [chat.begin[m["role"]], m["content"], chat.end[m["role"]]]
    return "".join([*parts, chat.begin["assistant"]])


SYSTEM = {"role": "system", "content": "Be brief"}
TURNS = [
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello"},
    {"role": "user", "content": "Bye"},
]


@pytest.mark.parametrize(
    ("template", "system"),
    [(CHATML, True), (CHATML, False), (LLAMA3, True), (LLAMA3, False), (MISTRAL, False)],
)
@pytest.mark.parametrize("turns", [1, 3])
def test_scaffold_rebuilds_the_rendering(template, system, turns):
    messages = ([SYSTEM] if system else []) + TURNS[:turns]
    # Mistral's template puts a space before a past answer; the model itself began with that space.
    spaced = [
        {**m, "content": f" {m['content']}"} if m["role"] == "assistant" else m for m in messages
    ]
    said = spaced if template == MISTRAL else messages

    def refuse(text):
        raise ValueError(text)

    expected = Template(template, trim_blocks=True, lstrip_blocks=True).render(
        messages=messages,
        add_generation_prompt=True,
        bos_token="<s>",
        eos_token="</s>",
        raise_exception=refuse,
    )
    assert conversation(chat_format(source(template), "m"), said) == expected


def test_smollm2_scaffold():
    built = gguf_tokenizer.from_gguf(GgufFile(models.resolve("smollm2-135m-instruct").path))
    chat = chat_format(built, "smol")
    assert chat.begin["user"] == "<|im_start|>user\n" and chat.end["tool"] == "<|im_end|>\n"
    assert chat.default_system.startswith("You are a helpful AI assistant named SmolLM")
    assert (chat.bos, chat.end_tokens) == ("", (2, 0))


def test_roles_that_a_template_lacks_become_user_turns():
    chat = chat_format(source(MISTRAL), "m")
    for role in ("system", "tool"):
        assert (chat.begin[role], chat.end[role]) == (chat.begin["user"], chat.end["user"])
    assert chat.default_system == "" and chat.bos == "<s>"


def test_no_template_is_plain_lines():
    chat = chat_format(source("", add_bos=True), "m")
    assert (chat.begin["user"], chat.end["user"], chat.bos) == ("", "\n", "<s>")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% for %}", "is not valid"),
        ("{{ 1 / 0 }}", "does not render"),
        ("constant", "drops or reorders"),
        ("{% for m in messages | reverse %}{{ m['content'] }}{% endfor %}", "drops or reorders"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "does not render"),
        ("{{ messages.append(1) }}", "does not render"),
        ("{% for i in range(10 ** 9) %}{% endfor %}", "does not render"),
        ("x" * 200_000, "is longer than"),
    ],
)
def test_bad_templates_are_one_error(template, message):
    with pytest.raises(ModelFormatError, match=message) as error:
        chat_format(source(template), "weights.gguf")
    assert str(error.value).startswith("weights.gguf: the chat template")
