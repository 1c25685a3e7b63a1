"""Models of a graph: names checked while tracing, one symbol for each source."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from agentc.frontend.form.document import ModelSymbol
from agentc.frontend.names import checked_name
from agentc.frontend.places import Place, error, here
from agentc.frontend.templates import listed
from agentc.frontend.tracer import Tracer

LLM = ("llm",)
ENCODER = ("encoder",)
RERANKER = ("cross_encoder", "encoder")


@dataclass(frozen=True)
class Model:
    """A model under a name of the user's own; made by `model`."""

    source: str
    name: str
    place: Place


def model(source: str, *, name: str | None = None) -> Model:
    """Names a model once, to be used as `model=` of several functions.

    Args:
      source: a known model, a .gguf file, or a folder with config.json and *.safetensors.
      name: what plans and reports call it; by default derived from `source`.
    """
    if name is not None:
        checked_name(name, "model", "drop name= to derive one from the source")
    return Model(source, name or _symbol(source), here())


def source_of(model: str | Model, what: str, place: Place) -> str:
    """Returns the source of a `model=` argument. Raises FrontendError for anything else."""
    if isinstance(model, Model):
        return model.source
    if isinstance(model, str) and model:
        return model
    raise error(
        f"{what} has model={model!r}, expected a model's name or path; "
        'write model="smollm2-135m-instruct"',
        place,
    )


def declare_model(
    tracer: Tracer, model: str | Model, kinds: tuple[str, ...], what: str, place: Place
) -> str:
    """Adds the model to the graph and returns its symbol.

    Raises:
      FrontendError: no such model, or it is of another kind than `what` needs.
    """
    from agentc.models import registry

    source = source_of(model, what, place)
    found = registry.resolve(source, source=place.source())
    if found.kind not in kinds:
        raise error(
            f"{what} cannot use model '{source}': found kind '{found.kind}', expected "
            f"{' or '.join(kinds)}; name a model of that kind",
            place,
        )
    wanted = model.name if isinstance(model, Model) else _symbol(source)
    symbol = free_symbol(wanted, {n: m.source for n, m in tracer.models.items()}, source)
    at = place.text(tracer.folder)
    declared = ModelSymbol.model_validate({"kind": found.kind, "source": source, "at": at})
    tracer.models.setdefault(symbol, declared)
    return symbol


def embedding_size(source: str, what: str, place: Place) -> int:
    """Returns how many numbers an embedding of the encoder `source` has, from its config.json."""
    from agentc.models import registry

    path = Path(registry.resolve(source, source=place.source()).path)
    config = (path if path.is_dir() else path.parent) / "config.json"
    try:
        return int(json.loads(config.read_text(encoding="utf-8"))["hidden_size"])
    except (OSError, ValueError, KeyError, TypeError):
        raise error(
            f"{what} has embeddings of unknown size: found no hidden_size in {config.name} of "
            f"'{source}', expected it there; annotate the result, as in -> ag.Embedding[384]",
            place,
        ) from None


def free_symbol(wanted: str, taken: dict[str, str], content: str) -> str:
    """Returns `wanted`, or `wanted_2`, ... if another content has that name already."""
    number, name = 1, wanted
    while name in taken and taken[name] != content:
        number += 1
        name = f"{wanted}_{number}"
    return name


def check_symbols(tracer: Tracer) -> None:
    """Checks that no two symbols of different kinds share a name.

    Schemas, which users do not name, are expected to be unique already.
    """
    kinds = {"tool": [*tracer.tools], "index": [*tracer.indexes], "model": [*tracer.models]}
    seen: dict[str, str] = {tracer.name: "graph"}
    for kind, symbols in kinds.items():
        for name in symbols:
            if name in seen:
                raise error(
                    f"{kind} '{name}' has the same name as {seen[name]} '{name}': expected "
                    f"different names in one graph ({listed(seen)} are taken); rename one, for "
                    f'example with name="{name}_{kind}"'
                )
            seen[name] = kind


def _symbol(source: str) -> str:
    path = Path(source)
    stem = path.stem if path.suffix.lower() == ".gguf" else path.name
    name = re.sub(r"[^A-Za-z0-9_.$-]", "_", stem) or "model"
    return name.lower() if source == stem else name
