"""From a package on disk to answers; tools by name; nothing of the package is executed."""

import asyncio

import pytest
from runtime_plans import Builder

from agentc.errors import PackageError, RuntimeFault
from agentc.package import PackageWriter
from agentc.plan import Device, Model
from agentc.runtime import App, load
from agentc.runtime.devices import LocalDevices


def _package(folder, **rest):
    b = Builder()
    x = b.input("x", "text")
    b.tool("shout", ["text"], "text")
    writer = PackageWriter(folder / "app.agentpkg", agentc_version="0")
    writer.write(b.plan(b.call("shout", x), **rest))
    return folder / "app.agentpkg"


def test_load_run_close(tmp_path):
    app = load(_package(tmp_path), tools={"shout": str.upper, "unused": str.lower})
    assert isinstance(app, App)
    assert app.run_sync(x="hey").outputs == {"out0": "HEY"}
    app.close()


def test_missing_tools_are_named_with_the_nearest(tmp_path):
    with pytest.raises(PackageError, match=r"tools shout have no function.*did you mean 'shuot'"):
        load(_package(tmp_path), tools={"shuot": str.upper})
    with pytest.raises(PackageError, match="found none; pass tools="):
        load(_package(tmp_path))


def test_a_damaged_package_does_not_load(tmp_path):
    package = _package(tmp_path)
    (package / "plan.json").write_text("{}")
    with pytest.raises(PackageError, match="is damaged"):
        load(package, tools={"shout": str.upper})


def test_devices_say_what_is_missing(tmp_path):
    model = Model("m", "llm", "", {})
    devices = (Device("cpu", "cpu", "local-sync", 1, 1 << 20),)
    from agentc.package import open_package
    from agentc.runtime.clock import WallClock

    local = LocalDevices(open_package(_package(tmp_path, devices=devices)), WallClock())
    for device, said in (("gpu", "no device class 'gpu'"), ("cpu", "not compiled for 'cpu'")):
        with pytest.raises((RuntimeFault, PackageError), match=said):
            asyncio.run(local.engine(model, device))
    with pytest.raises(PackageError, match="not compiled for 'cpu'"):
        asyncio.run(local.cross_encoder(model, "cpu"))
    with pytest.raises(PackageError, match="which the package does not have"):
        asyncio.run(local.tokenizer(model))
    local.close()
    local.close()


def test_two_who_ask_at_once_get_one_object(tmp_path, monkeypatch):
    from agentc.package import open_package
    from agentc.runtime.clock import WallClock

    opened = []
    local = LocalDevices(open_package(_package(tmp_path)), WallClock())
    monkeypatch.setattr(local, "_open_tokenizer", lambda model: opened.append(1) or object())

    async def main():
        model = Model("m", "llm", "", {})
        return await asyncio.gather(*(local.tokenizer(model) for _ in range(5)))

    found = asyncio.run(main())
    assert len(set(map(id, found))) == 1 == len(opened)


def test_a_tool_that_cannot_be_called_is_missing(tmp_path):
    with pytest.raises(PackageError, match="tools shout have no function"):
        load(_package(tmp_path), tools={"shout": "upper"})
