"""Trees: what is refused, and how it is named."""

from __future__ import annotations

from agentc.cost_models.distributions import Band, constant_band
from agentc.cost_models.tree import Branch, Dag, Leaf, Loop, Map, Race, Seq, problems_of


def test_shapes_that_make_no_sense_are_named() -> None:
    """Each defect of a tree has its sentence."""
    band = Band(1.0, 1.0, 1.5, 2.0)
    tree = Seq(
        (
            Leaf(0),
            Leaf(0),
            Branch((Leaf(1),), (0.5,), label="b"),
            Dag((Leaf(2),), ((0, 0),), label="d"),
            Loop(Leaf(9), band, label="l"),
            Map(Seq(()), constant_band(1.0), 0, label="m"),
            Race((), label="r"),
        )
    )
    text = "; ".join(problems_of(tree, frozenset({0, 1, 2, 3})))
    for words in (
        "stage 0 stands in the tree twice",
        "stage 3 is not in the tree",
        "names stage 9, which does not exist",
        "branch 'b' needs one probability per child",
        "dag 'd' has the dependency (0, 0)",
        "'l' needs whole counts",
        "map 'm' has max_parallel 0",
        "'r' has no children",
    ):
        assert words in text
