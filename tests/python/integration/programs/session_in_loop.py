"""One conversation through a loop, then forked by two branches that do not see each other."""

import agentc as ag

MODEL = "smollm2-135m-instruct"


@ag.llm(model=MODEL, max_tokens=5)
def say(message: str) -> str:
    """{message}"""


@ag.graph
def session_in_loop(name: str, rounds: int) -> tuple[str, str, str, str]:
    talk = ag.session("talk", model=MODEL, system="You count.")

    def body(said: str, done: int):
        talk.append("step", role="tool")
        return say(said, session=talk), done + 1

    last, _ = ag.loop(body, init=(name, 0), until=lambda said, done: done >= rounds, max_iters=3)
    left, right = ag.parallel(
        lambda: say("left?", session=talk), lambda: say("right?", session=talk)
    )
    return last, left, right, say("and now?", session=talk)
