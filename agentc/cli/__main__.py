"""`python -m agentc.cli`: the same as `agentc`."""

from agentc.cli.main import main

main()
