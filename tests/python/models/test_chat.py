"""Chat templates become scaffold strings that rebuild what the template renders."""

from __future__ import annotations

import itertools

import pytest
from jinja2 import Template
from tokenizers import AddedToken, Tokenizer
from tokenizers import models as models_

from agentc import models
from agentc.errors import ModelFormatError
from agentc.models import gguf_tokenizer
from agentc.models.chat import chat_format
from agentc.models.gguf_file import GgufFile
from agentc.models.tokenizer import TokenizerSource
from agentc.runtime.templates import pieces

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
GEMMA = (
    "{{ bos_token }}{% set first = '' %}{% set rest = messages %}"
    "{% if messages[0]['role'] == 'system' %}{% set first = messages[0]['content'] + '\n\n' %}"
    "{% set rest = messages[1:] %}{% endif %}{% for m in rest %}"
    "{% set role = 'model' if m['role'] == 'assistant' else m['role'] %}"
    "{{ '<turn>' + role + '\n' + (first if loop.first else '') + m['content'] | trim }}</turn>\n"
    "{% endfor %}{% if add_generation_prompt %}{{ '<turn>model\n' }}{% endif %}"
)
LLAMA2 = (
    "{% set ns = namespace(s='') %}{% for m in messages %}{% if m['role'] == 'system' %}"
    "{% set ns.s = '<<SYS>>\n' + m['content'] + '\n<</SYS>>\n\n' %}"
    "{% elif m['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + ns.s + m['content'] + ' [/INST]' }}{% set ns.s = '' %}"
    "{% else %}{{ ' ' + m['content'] + ' ' + eos_token }}{% endif %}{% endfor %}"
)
DATED = (
    "{{ bos_token }}{% set day = strftime_now('%d %b') if strftime_now is defined else '1 May' %}"
    "{% set said = messages[0]['content'] if messages[0]['role'] == 'system' else '' %}"
    "{{ '<|system|>Today is ' + day + '. ' + said + '<|e|>' }}"
    "{% for m in messages %}{% if m['role'] != 'system' %}"
    "{{ '<|' + m['role'] + '|>' + m['content'] + '<|e|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
ENDED = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>\n' + m['content'] + '<|e|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}"
)
THINKING = (
    "{% for m in messages %}{{ '<|s|>' + m['role'] + '\n' }}"
    "{% if loop.last and m['role'] == 'assistant' %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{{ m['content'] }}<|e|>\n{% if m['role'] == 'nobody' %}{% break %}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|s|>assistant\n' }}{% endif %}"
)


def source(template: str, *, bos: str = "<s>", add_bos: bool = False) -> TokenizerSource:
    return TokenizerSource("{}", template, bos, "</s>", add_bos, (2,))


def conversation(chat, messages):
    """What the runtime makes of a conversation, as text."""
    marks = "{<default>}" if messages[0]["role"] != "system" else ""
    for m in messages:
        marks += f"{{<{m['role']}}}{m['content']}{{{m['role']}>}}"
    return chat.bos + "".join(p.text for p in pieces(marks + "{<assistant}", {}, chat))


SYSTEM = {"role": "system", "content": "Be brief"}
TURNS = [
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello"},
    {"role": "user", "content": "Bye"},
]


@pytest.mark.parametrize(
    ("template", "system"),
    [
        *itertools.product([CHATML, LLAMA3, GEMMA, DATED, ENDED, THINKING], [True, False]),
        (MISTRAL, False),
        (LLAMA2, True),
        (LLAMA2, False),
    ],
)
@pytest.mark.parametrize("turns", [1, 3])
def test_scaffold_rebuilds_the_rendering(template, system, turns):
    messages = ([SYSTEM] if system else []) + TURNS[:turns]
    # Mistral's template puts a space before a past answer; the model itself began with that space.
    spaced = [
        {**m, "content": f" {m['content']}"} if m["role"] == "assistant" else m for m in messages
    ]
    said = spaced if template in (MISTRAL, LLAMA2) else messages

    def refuse(text):
        raise ValueError(text)

    expected = Template(
        template, trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    ).render(
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


def test_gemma_folds_the_system_message_into_the_first_user_turn():
    chat = chat_format(source(GEMMA, bos="<bos>", add_bos=True), "m")
    assert (chat.begin["user"], chat.end["user"]) == ("<turn>user\n", "</turn>\n")
    assert (chat.begin["assistant"], chat.end["assistant"]) == ("<turn>model\n", "</turn>\n")
    assert (chat.begin["system"], chat.system_to_user) == ("<turn>user\n", "\n\n")
    assert chat.end["system"] == "\n\n</turn>\n" and (chat.bos, chat.opening) == ("<bos>", "")
    # A system message that no user message follows, as when a session opens, is a turn.
    assert "".join(p.text for p in pieces("{<system}Be{system>}", {}, chat)) == (
        "<turn>user\nBe\n\n</turn>\n"
    )


def test_what_a_template_says_of_the_day_is_no_system_message():
    chat = chat_format(source(DATED), "m")
    assert (chat.default_system, chat.opening) == ("", "<|system|>Today is 1 May. <|e|>")
    assert chat.begin["system"] == "<|system|>Today is 1 May. "


def spaced_source(template):
    """A SentencePiece tokenizer that wants a space behind special tokens."""
    built = Tokenizer(models_.BPE(vocab={"<s>": 0, "</s>": 1, "[INST]": 2, "a": 3}, merges=[]))
    special = [AddedToken(t, special=True, normalized=False) for t in ("<s>", "</s>")]
    built.add_special_tokens(special)
    return TokenizerSource(built.to_str(), template, "<s>", "</s>", True, (1,), spaced=True)


def test_spaces_behind_special_tokens_are_scaffold():
    chat = chat_format(spaced_source(MISTRAL), "m")
    text = conversation(chat, [{**m, "content": "hi"} for m in TURNS])
    assert text == "<s> [INST] hi [/INST]hi</s> [INST] hi [/INST]"
    chat = chat_format(spaced_source(LLAMA2), "m")
    assert conversation(chat, [SYSTEM, *TURNS[:1]]) == (
        "<s> [INST] <<SYS>>\nBe brief\n<</SYS>>\n\nHi [/INST]"
    )
    ends = "{% for m in messages %}{{ m['role'] + '</s>' + m['content'] + '\n' }}{% endfor %}"
    assert chat_format(spaced_source(ends), "m").begin["user"] == " user</s> "


SAID = "{{ m['role'] + ':' + m['content'] + '\n' }}"
INEXPRESSIBLE = {
    "numbered": (
        "{% for m in messages %}{{ loop.index }} {{ m['content'] }}\n{% endfor %}",
        "first user message begins in another way",
    ),
    "said twice": (
        "{% for m in messages %}{{ m['content'] }}{{ m['content'] }}{% endfor %}",
        "drops, repeats or reorders",
    ),
    "closed by what follows": (
        "{% for m in messages %}" + SAID + "{% if not loop.last %}--{% endif %}{% endfor %}",
        "first user message begins in another way",
    ),
    "system at the end": (
        "{% for m in messages if m['role'] != 'system' %}" + SAID + "{% endfor %}"
        "{% if messages[0]['role'] == 'system' %}!{{ messages[0]['content'] | length }}{% endif %}",
        None,
    ),
    "user changed by system": (
        "{% for m in messages %}" + SAID + "{% endfor %}"
        "{% if messages[0]['role'] == 'system' %}(as told){% endif %}",
        "a system message changes how the user message ends",
    ),
}


@pytest.mark.parametrize("name", INEXPRESSIBLE)
def test_templates_that_are_no_text_around_each_message_are_refused(name):
    template, message = INEXPRESSIBLE[name]
    if message is None:  # a system message that is not written becomes a user turn
        chat = chat_format(source(template), "m")
        assert chat.begin["system"] == chat.begin["user"] == "user:"
        return
    with pytest.raises(ModelFormatError, match=rf"^m: the chat template .*({message})") as error:
        chat_format(source(template), "m")
    assert "expected one that writes each message as a text before it" in str(error.value)


def test_no_template_is_plain_lines():
    chat = chat_format(source("", add_bos=True), "m")
    assert (chat.begin["user"], chat.end["user"], chat.bos) == ("", "\n", "<s>")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% for %}", "is not valid"),
        ("{{ 1 / 0 }}", "does not render"),
        ("constant", "drops, repeats or reorders"),
        (
            "{% for m in messages | reverse %}{{ m['content'] }}{% endfor %}",
            "drops, repeats or reorders",
        ),
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
