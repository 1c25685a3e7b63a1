"""agentc: compile an agent graph for mixed hardware, and run it."""
