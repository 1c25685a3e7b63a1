"""Many jobs, two workers: a map with a limit."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, max_tokens=8)
def work(job: str) -> str:
    """A word that rhymes with {job}:"""


@ag.graph
def worker_pool(jobs: list[str]) -> list[str]:
    return ag.map(work, jobs, width=ag.constant(6), max_parallel=2)
