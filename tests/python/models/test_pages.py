"""Page sizes, as the kernels' layout has them."""

import pytest

from agentc.errors import CompileError
from agentc.models.pages import PAGE_TOKENS, page_bytes, page_shape

from . import tiny


@pytest.mark.parametrize("head_dim", [16, 48, 64, 256])
def test_a_page_holds_keys_and_values_of_16_tokens(head_dim):
    config = tiny.decoder_config(head_dim=head_dim)
    numbers = 2 * PAGE_TOKENS * config.layers * config.kv_heads * head_dim
    scales = 2 * PAGE_TOKENS * config.layers * config.kv_heads
    assert page_bytes(config, "f32") == 4 * numbers
    assert page_bytes(config, "f16") == 2 * numbers
    assert page_bytes(config, "i8") == numbers + 4 * scales
    assert page_shape(config, "f16") == (config.layers, config.kv_heads, 2, 16, head_dim)
    assert len(page_shape(config, "i8")) == 3


def test_an_unknown_format_is_named():
    with pytest.raises(CompileError, match="'q4', expected one of f32, f16, i8"):
        page_shape(tiny.decoder_config(), "q4")
