"""A model compiled by agentc, as files: what a process needs to run it, and no more.

Building imports the code generator, which is large; processes whose memory or start is measured
read the record instead, as a package's reader would.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from agentc.plan import Device, Model

DEVICE = "cpu"
MODEL = "smollm2-135m-instruct"
ENCODER = "all-minilm-l6-v2"


class Compiled(msgspec.Struct, frozen=True):
    """The plan's record of a model, where its files are, and which bytes a step reads.

    `weights_read_bytes`: parameters that one decode step at batch 1 reads: all but the embedding,
    of which it reads one row.
    """

    model: Model
    vmfb: str
    parameters: str
    tokenizer: str
    weights_read_bytes: int

    @property
    def precision(self) -> str:
        """The precision that the program was compiled for."""
        return self.model.binaries[DEVICE].precision

    def save(self, path: Path) -> Path:
        """Writes the record for another process."""
        path.write_bytes(msgspec.json.encode(self))
        return path


def load(path: Path) -> Compiled:
    """What `Compiled.save` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=Compiled)


def device(memory_bytes: int, workers: int) -> Device:
    """The device class of this machine's processor."""
    return Device(DEVICE, "cpu", "local-task", 1, memory_bytes, workers)


def compile_model(name: str, precision: str, folder: Path, kv: str = "") -> Compiled:
    """Builds `name` for this processor (instant when it was built before); `folder` takes the
    tokenizer's file. `kv` is the format of its pages, "" the default of the precision."""
    from agentc import models

    source = models.resolve(name)
    built = models.build(source, "local-task", precision=precision, kv=kv)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = folder / f"{source.name}.tokenizer.json"
    tokenizer.write_text(built.tokenizer_json, encoding="utf-8")
    model = Model(
        name=source.name,
        kind=source.kind,
        source="",
        dims=built.dims,
        binaries={DEVICE: built.binary(built.vmfb.name)},
        parameters={DEVICE: built.parameters()},
        chat=built.chat,
    )
    return Compiled(
        model,
        str(built.vmfb),
        str(built.archive.path),
        str(tokenizer),
        weights_read_bytes(built.archive.path),
    )


def weights_read_bytes(archive: Path) -> int:
    """Bytes of the parameters that a decode step reads: all but tables looked up by row."""
    import iree.runtime as iree

    index = iree.ParameterIndex()
    index.load(str(archive), mmap=True)
    has_head = any(name.startswith("head") for name, _ in index.items())
    looked_up = ("rope", "local_rope", *(["embed"] if has_head else []))
    return sum(entry.length for name, entry in index.items() if not name.startswith(looked_up))
