"""Log-probabilities of tokens, of the distribution that the model itself gave."""

from __future__ import annotations

import numpy as np

from agentc.runtime.engine.request import TokenLogprobs
from agentc.runtime.engine.sampling import Row, highest


def token_logprobs(logits: Row, token: int, top: int) -> TokenLogprobs:
    """The log-probability of `token` and of the `top` most probable tokens, in float64.

    log p(t) = x(t) - log(sum of exp x), x being `logits` [vocabulary] as the model gave them:
    before grammar, temperature, top_k, top_p and min_p.
    """
    values = logits.astype(np.float64)
    peak = values.max()
    normaliser = peak + np.log(np.exp(values - peak).sum())
    best = highest(logits, min(top, len(logits))) if top else np.empty(0, np.int64)
    best = best[np.argsort(-logits[best], kind="stable")]  # of equals the lower token first
    return TokenLogprobs(
        token,
        float(values[token] - normaliser),
        tuple((int(other), float(values[other] - normaliser)) for other in best),
    )
