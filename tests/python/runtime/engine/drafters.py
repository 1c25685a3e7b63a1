"""Drafters that know the answer, spoil it, or make it up."""

from __future__ import annotations

from engine_driver import Call, generate_alone
from tiny_forward import END


class Future:
    """Proposes what plain decoding of the same request gives, or a known `answer`."""

    def __init__(self, forward, answer=None):
        self._forward = forward
        self._answer = answer
        self._answers = {}

    def attach(self, tokenizer):
        pass

    def propose(self, wants):
        return [self._propose(want) for want in wants]

    def forget(self, request):
        pass

    def close(self):
        pass

    def _propose(self, want):
        answer = self._answer
        if answer is None:
            prompt = tuple(want.tokens[: len(want.tokens) - want.generated])
            call = Call(prompt, want.request.sampling, want.request.seed)
            answer = [*self.answer(call), END]
        return answer[want.generated : want.generated + want.count]

    def answer(self, call):
        """What the call gives alone; computed once."""
        key = call.prompt, repr(call.sampling), call.seed
        if key not in self._answers:
            self._answers[key] = generate_alone(self._forward, call)
        return self._answers[key]


class Corrupt(Future):
    """Replaces each token of another drafter with some probability."""

    def __init__(self, inner, random, probability):
        self._inner, self._random, self._probability = inner, random, probability

    def propose(self, wants):
        return [
            [
                int(self._random.integers(256)) if self._random.random() < self._probability else t
                for t in draft
            ]
            for draft in self._inner.propose(wants)
        ]

    def forget(self, request):
        self._inner.forget(request)


class Wild(Future):
    """Any tokens, also such as do not exist."""

    def __init__(self, random):
        self._random = random

    def propose(self, wants):
        return [self._random.integers(-3, 300, self._random.integers(want.count + 1)).tolist()
                for want in wants]  # fmt: skip

    def forget(self, request):
        pass


class Forgetful(Corrupt):
    """Often has no idea."""

    def __init__(self, inner, random):
        super().__init__(inner, random, 0.0)

    def propose(self, wants):
        return [d if self._random.random() < 0.5 else [] for d in super().propose(wants)]
