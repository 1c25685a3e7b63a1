"""Random programs of the agent dialect, as text: prompts, calls, tools, sessions, control flow."""

from __future__ import annotations

import random

SYMBOLS = """
agent.model @m llm source("smollm2-135m-instruct") {dims = {layers = 2}}
agent.model @e encoder source("all-minilm-l6-v2") {dims = {embedding_dim = 4}}
agent.model @unused llm source("smollm2-135m-instruct")
agent.index @docs source("docs/") embedder(@e)
agent.tool @pure(x: !agent.text) -> !agent.text class(pure)
agent.tool @read(x: !agent.text) -> !agent.text class(idempotent) reads(["db"])
agent.tool @write(x: !agent.text) -> !agent.text class(irreversible) writes(["db"])
agent.tool @mail(x: !agent.text) -> !agent.text class(irreversible) writes(["outbox"])
agent.tool @any(x: !agent.text) -> !agent.text class(stageable)
"""
TEXT = "!agent.text"
WORDS = ["a", "b ", " ", "", "c  ", " d", "{|}", "{{", "}}", "\\n", "A long common instruction. "]


class Program:
    """Writes one graph line by line; `texts` and `sessions` are the values in scope."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.count = 0
        self.site = 0
        self.texts = ["%q", "%r"]
        self.sessions: list[str] = []

    def name(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def text(self) -> str:
        return self.random.choice(self.texts)

    def define(self, what: str) -> None:
        name = self.name()
        self.lines.append(f"{name} = {what}")
        self.texts.append(name)

    def literal(self, most: int = 3) -> str:
        return "".join(self.random.choices(WORDS, k=self.random.randint(0, most)))

    def constant(self) -> None:
        word = self.literal(2).replace("{|}", "").replace("{{", "{").replace("}}", "}")
        self.define(f'agent.constant "{word}" : {TEXT}')

    def prompt(self) -> None:
        names = [f"p{i}" for i in range(self.random.randint(0, 3))]
        template = self.literal() + "".join(f"{{{n}}}{self.literal()}" for n in names)
        values = [(name, self.text()) for name in [*names, "unused"][: len(names) + 1]]
        args = ", ".join(f"{name} = {value} : {TEXT}" for name, value in values)
        self.define(f'agent.prompt "{template}"({args}) : {TEXT}')

    def generate(self) -> None:
        hot = self.random.choice(["", " temperature(0.5)"])
        site, self.site = self.site, self.site + 1
        if self.sessions and self.random.random() < 0.5:
            name, after = self.name(), self.name()
            session = self.random.choice(self.sessions)
            head = f"agent.generate @m({self.text()}) session({session})"
            self.lines.append(f"{name}, {after} = {head} max_tokens(4){hot} {{site = {site}}}")
            self.texts.append(name)
            self.sessions.append(after)
            return
        system = f" system({self.text()})" if self.random.random() < 0.3 else ""
        head = f"agent.generate @m({self.text()}){system}"
        self.define(f"{head} max_tokens(4){hot} {{site = {site}}}")

    def session(self) -> None:
        name = self.name()
        if self.sessions and self.random.random() < 0.5:
            role = self.random.choice(["user", "tool", "assistant"])
            old = self.random.choice(self.sessions)
            what = f'agent.append_session {old}, {self.text()} role("{role}")'
        else:
            system = f" system({self.text()})" if self.random.random() < 0.5 else ""
            what = f'agent.open_session @m "s"{system}'
        self.lines.append(f"{name} = {what} -> !agent.session")
        self.sessions.append(name)

    def tool(self) -> None:
        tool = self.random.choice(["pure", "read", "write", "mail", "any"])
        self.define(f"agent.call_tool @{tool}({self.text()}) : ({TEXT}) -> {TEXT}")

    def retrieve(self) -> None:
        docs = self.name()
        self.lines.append(
            f"{docs} = agent.retrieve @docs({self.text()}) k(2) : {TEXT} -> !agent.docs"
        )
        self.define(f'agent.prompt "{self.literal()}{{d}}"(d = {docs} : !agent.docs) : {TEXT}')

    def region(self, depth: int, size: int) -> None:
        """A body of its own: what it defines is out of scope behind it."""
        texts, sessions = list(self.texts), list(self.sessions)
        self.body(depth, size)
        end = self.text()
        self.texts, self.sessions = texts, sessions
        self.lines.append(f"agent.yield {end} : {TEXT}")

    def control(self, depth: int) -> None:
        name = self.name()
        kind = self.random.choice(["cond", "guard", "loop", "parallel", "try"])
        if kind == "guard":
            self.lines += ["agent.cond %c {", f'agent.throw {self.text()} kind("k")', "} else {"]
            self.lines += ["agent.yield", "}"]
            return
        if kind == "loop":
            self.loop(name, depth)
        else:
            head = {"cond": "agent.cond %c", "parallel": "agent.parallel", "try": "agent.try"}[kind]
            types = f"{TEXT}, {TEXT}" if kind == "parallel" else TEXT
            result = f"{name}:2" if kind == "parallel" else name
            self.lines.append(f"{result} = {head} -> ({types}) {{")
            self.region(depth - 1, 2)
            self.lines.append({"cond": "} else {", "parallel": "}, {", "try": "} catch {"}[kind])
            if kind == "try":
                error = f'!agent.record<"Error", kind: {TEXT}, message: {TEXT}>'
                self.lines.append(f"^bb0({self.name()}: {error}):")
            self.region(depth - 1, 2)
            self.lines.append("}")
            name = f"{name}#1" if kind == "parallel" else name
        self.texts.append(name)

    def loop(self, name: str, depth: int) -> None:
        index, carried, stop = self.name(), self.name(), self.name()
        head = f"agent.loop ({index}, {carried} = {self.text()} : {TEXT}) max_iters(2)"
        self.lines.append(f"{name} = {head} -> ({TEXT}) {{")
        self.texts.append(carried)
        self.lines.append(f"{stop} = agent.compare eq {carried}, {self.text()} : {TEXT}")
        self.lines.append(f"agent.break_if {stop}, {carried} : {TEXT}")
        self.region(depth - 1, 3)
        self.texts.remove(carried)
        self.lines.append("}")

    def body(self, depth: int, size: int) -> None:
        steps = [self.constant, self.prompt, self.prompt, self.generate, self.generate]
        steps += [self.session, self.session, self.tool, self.tool, self.tool, self.retrieve]
        for _ in range(size):
            if depth and self.random.random() < 0.25:
                self.control(depth)
            else:
                self.random.choice(steps)()

    def write(self) -> str:
        """The module's text. The graph returns every text that is still in scope."""
        self.body(depth=2, size=11)
        inputs = ", ".join(f'%{n}: {TEXT} {{agent.name = "{n}"}}' for n in "qr")
        results = ", ".join([TEXT] * len(self.texts))
        head = f'agent.graph @g({inputs}, %c: i1 {{agent.name = "c"}}) -> ({results}) {{'
        end = f"agent.return {', '.join(self.texts)} : {results}"
        return "\n".join([SYMBOLS, head, *self.lines, end, "}"])


def random_program(seed: int) -> str:
    """Returns the text of the program number `seed`."""
    return Program(seed).write()
