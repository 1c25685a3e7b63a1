"""Registers this project's dialects in every new Context."""

from . import _agentDialect


def register_dialects(registry):
    """Puts the dialects of agentc, and func and arith, into the registry."""
    _agentDialect.register_dialects(registry)
