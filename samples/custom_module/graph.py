"""A torch module as a node: a small head on sentence embeddings scores how alike two texts are."""

import torch

import agentc as ag


class Likeness(torch.nn.Module):
    """Maps two embeddings of 384 numbers to a score between 0 and 1."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(7)
        self.scale = torch.nn.Parameter(1 + 0.1 * torch.randn(384, generator=generator))

    def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        left, right = left * self.scale, right * self.scale
        cosine = (left * right).sum() / (left.norm() * right.norm())
        return ((1 + cosine) / 2).reshape(1)


@ag.embed(model="all-minilm-l6-v2")
def embed(text: str) -> ag.Embedding: ...


Score = ag.Tensor[(1,), "f32"]
likeness = ag.module(Likeness(), name="likeness", result=Score)


@ag.graph(sla=ag.SLA(p95="5s"))
def alike(left: str, right: str) -> Score:
    return likeness(embed(left), embed(right))
