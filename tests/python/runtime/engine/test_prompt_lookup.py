"""Prompt lookup against a search that looks at everything."""

from hypothesis import given
from hypothesis import strategies as st

from agentc.runtime.engine import Request, Sampling
from agentc.runtime.engine.speculation import PromptLookup, Want

REQUEST_SAMPLING = Sampling(9)


def _request():
    return Request(None, REQUEST_SAMPLING, 0, lambda result: None)


def _slow(tokens, count, shortest, longest):
    """All ends of earlier occurrences; the longest agreement, then the most recent."""
    best = (0, 0)
    for end in range(shortest, len(tokens)):
        length = 0
        while length < min(longest, end) and tokens[end - 1 - length] == tokens[-1 - length]:
            length += 1
        if length >= shortest:
            best = max(best, (length, end))
    if not best[1]:
        return []
    copied = list(tokens)
    for i in range(count):
        copied.append(copied[best[1] + i])
    return copied[len(tokens) :]


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=28),
    st.lists(st.integers(1, 5), min_size=1, max_size=12),
    st.integers(1, 3),
    st.integers(0, 4),
    st.integers(1, 20),
)
def test_it_finds_the_longest_and_of_equals_the_most_recent(tokens, cuts, shortest, more, count):
    longest = shortest + more
    lookup, request = PromptLookup(shortest, longest), _request()
    length = 0
    for cut in cuts:  # the sequence grows; the index is kept
        length = min(length + cut, len(tokens))
        seen = tokens[:length]
        (draft,) = lookup.propose([Want(request, seen, 0, count)])
        assert draft == _slow(seen, count, shortest, longest)


def test_a_quote_goes_on():
    document = list(range(100, 140))
    tokens = [*document, 7, 8, *document[10:13]]
    (draft,) = PromptLookup().propose([Want(_request(), tokens, 3, 5)])
    assert draft == document[13:18]


def test_what_occurred_often_is_looked_at_a_bounded_number_of_times():
    reads = []

    class Counted(list):
        def __getitem__(self, index):
            reads.append(index)
            return super().__getitem__(index)

    tokens = Counted([1, 2, 3] * 5000)
    lookup, request = PromptLookup(2, 8), _request()
    lookup.propose([Want(request, tokens, 0, 4)])
    reads.clear()
    tokens += [1]
    lookup.propose([Want(request, tokens, 0, 4)])
    assert len(reads) < 1000


def test_requests_are_kept_apart_and_forgotten():
    lookup, one, other = PromptLookup(1, 2), _request(), _request()
    assert lookup.propose([Want(one, [5, 6, 5], 0, 1), Want(other, [5, 7, 5], 0, 1)]) == [[6], [7]]
    lookup.forget(one)
    assert lookup.propose([Want(one, [5, 9, 5], 0, 1)]) == [[9]]
    del one
    lookup.close()
    assert not lookup._indices
