"""The real models, compiled once for this machine through the compile cache, as plan records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agentc import models
from agentc.plan import Device, Model
from agentc.runtime.backends.iree import IreeDevice
from agentc.runtime.engine import AsyncEngine, EngineOptions, open_engine


@dataclass(frozen=True)
class Compiled:
    """A model for one device class, with the paths that a package would resolve."""

    model: Model
    device: Device
    vmfb: Path
    parameters: Path
    tokenizer: Path

    def open(self, opened: IreeDevice, options: EngineOptions | None = None) -> AsyncEngine:
        """Starts an engine."""
        return open_engine(
            self.model,
            self.device,
            opened,
            vmfb=self.vmfb,
            parameters=self.parameters,
            tokenizer=self.tokenizer,
            options=options,
        )


def compile_model(
    name: str, folder: Path, driver: str = "local-task", precision: str = ""
) -> Compiled:
    """Builds `name` in its own precision or another; the tokenizer file goes into `folder`."""
    source = models.resolve(name)
    built = models.build(source, driver, precision=precision)
    tokenizer = folder / f"{name}.json"
    tokenizer.write_text(built.tokenizer_json)
    model = Model(
        name=name,
        kind="llm" if built.chat else "encoder",
        source=name,
        dims=models.dims(source),
        binaries={"cpu": built.binary("m.vmfb")},
        tokenizer="tokenizer.json",
        chat=built.chat,
    )
    device = Device("cpu", "cpu", driver, count=1, memory_bytes=512 << 20, workers=2)
    return Compiled(model, device, Path(built.vmfb), Path(built.archive.path), tokenizer)


def chat(compiled: Compiled, engine: AsyncEngine, question: str) -> tuple[int, ...]:
    """The token stream of a first turn."""
    form, tokenizer = compiled.model.chat, engine.tokenizer
    return (
        *tokenizer.scaffold(form.begin["system"]),
        *tokenizer.content(form.default_system),
        *tokenizer.scaffold(form.end["system"] + form.begin["user"]),
        *tokenizer.content(question),
        *tokenizer.scaffold(form.end["user"] + form.begin["assistant"]),
    )
