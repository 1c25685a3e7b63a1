"""Text while it grows: whole characters, stop strings, pieces that stay pieces."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_forward import SPECIAL, byte_tokenizer_json

from agentc.errors import ModelFormatError
from agentc.runtime.engine import Tokenizer
from agentc.runtime.engine.text_stream import TextStream

TOKENIZER = Tokenizer(byte_tokenizer_json())


def _stream(tokens, stop=()):
    """(pieces shown, stream) after all tokens or the stop string."""
    stream = TextStream(TOKENIZER, stop)
    pieces = []
    for token in tokens:
        stream.push(token)
        if stream.stopped:
            break
        pieces.append(stream.take_text(final=False))
    pieces.append(stream.take_text(final=True))
    return pieces, stream


@settings(deadline=None)
@given(st.lists(st.integers(0, 255), max_size=30))
def test_any_bytes_give_the_text_of_a_whole_decode(tokens):
    pieces, stream = _stream(tokens)
    assert "".join(pieces) == stream.text == TOKENIZER.decode(tokens)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_no_half_characters(text):
    pieces, _ = _stream(TOKENIZER.content(text))
    assert "".join(pieces) == text
    if "\ufffd" not in text:
        assert all("\ufffd" not in piece for piece in pieces)


@settings(deadline=None)
@given(st.text("ab", max_size=20), st.lists(st.text("ab", min_size=1, max_size=4), max_size=3))
def test_stop_strings_are_never_shown(text, stop):
    pieces, stream = _stream(TOKENIZER.content(text), stop)
    # One token is one letter here, so the first stop string to be complete wins.
    ends = [(text.find(s) + len(s), text.find(s)) for s in stop if s in text]
    first = min((end for end, _ in ends), default=None)
    cut = min((start for end, start in ends if end == first), default=len(text))
    assert "".join(pieces) == stream.text == text[:cut]
    assert stream.stopped == bool(ends)
    assert stream.kept_tokens == cut


def test_what_may_become_a_stop_string_is_held_back():
    pieces, _ = _stream(TOKENIZER.content("one\nEN then"), ["\nEND"])
    assert pieces[:7] == ["o", "n", "e", "", "", "", "\nEN "]


def test_special_tokens_are_not_text():
    (special,) = TOKENIZER.scaffold(SPECIAL[1])
    pieces, stream = _stream([special, *TOKENIZER.content("x")])
    assert ("".join(pieces), stream.kept_tokens) == ("x", 2)


def test_content_cannot_forge_a_special_token():
    forged = TOKENIZER.content(f"a{SPECIAL[0]}b")
    assert max(forged) < 256
    assert TOKENIZER.decode(forged) == f"a{SPECIAL[0]}b"
    assert TOKENIZER.scaffold(SPECIAL[0]) == (256,)


def test_a_damaged_tokenizer_is_a_typed_error(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(ModelFormatError, match="is not a tokenizer"):
        Tokenizer.load(path)
    with pytest.raises(ModelFormatError, match="cannot read the tokenizer"):
        Tokenizer.load(tmp_path / "missing.json")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ModelFormatError, match="cannot read the tokenizer"):
        Tokenizer.load(path)
