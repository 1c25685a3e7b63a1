"""llama.cpp's own server: parallel slots, prompt cache, over loopback HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from benchmarks.systems.peer_packages import peer_file

START_LIMIT_S = 60
BINARY = "server-build/bin/llama-server"


@dataclass(frozen=True)
class ServerSettings:
    """What the server is started with. `slots` share `kv_tokens` of KV."""

    file: Path
    slots: int
    kv_tokens: int
    threads: int = 2
    unified: bool = False
    flash: str = "auto"
    kv: str = "f16"

    @property
    def text(self) -> str:
        """For the reader of a table."""
        weights = self.file.stem.rpartition(".")[2] or self.file.stem
        unified = ", unified KV" if self.unified else ""
        return f"server, {weights}, {self.slots} slots, KV {self.kv}, flash {self.flash}{unified}"

    def command(self, port: int) -> list[str]:
        """The command line."""
        threads = str(self.threads)
        command = [
            str(peer_file(BINARY)), "-m", str(self.file), "--host", "127.0.0.1",
            "--port", str(port), "-np", str(self.slots), "-c", str(self.kv_tokens),
            "-t", threads, "-tb", threads, "-fa", self.flash,
            "-ctk", self.kv, "-ctv", self.kv, "--no-webui",
        ]  # fmt: skip
        return [*command, "--kv-unified" if self.unified else "--no-kv-unified"]


class LlamaServer:
    """A running server. Use as a context manager or call `close`."""

    def __init__(self, settings: ServerSettings) -> None:
        """Starts it and waits until it answers."""
        self.settings = settings.text
        self._port = _free_port()
        self._process = subprocess.Popen(
            settings.command(self._port),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"LLAMA_LOG_VERBOSITY": "0"},
        )
        self._wait_until_ready()

    @property
    def process_id(self) -> int:
        """For reading its memory."""
        return self._process.pid

    async def complete(self, prompt: Sequence[int], max_tokens: int, **more: Any) -> Any:
        """One greedy answer of exactly `max_tokens` tokens, by POST /completion."""
        asked = {
            "prompt": list(prompt),
            "n_predict": max_tokens,
            "temperature": 0,
            "ignore_eos": True,
            "cache_prompt": True,
        }
        return await self._post("/completion", asked | more)

    def health_s(self) -> float:
        """Seconds of a round trip that computes nothing: what HTTP and the client cost."""
        start = time.perf_counter()
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/health") as answer:
            answer.read()
        return time.perf_counter() - start

    def close(self) -> None:
        """Ends the server."""
        self._process.terminate()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _post(self, path: str, asked: dict[str, Any]) -> Any:
        body = json.dumps(asked).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(head.encode() + body)
        answer = await reader.read()
        writer.close()
        top, _, content = answer.partition(b"\r\n\r\n")
        if b" 200 " not in top.splitlines()[0]:
            raise RuntimeError(f"llama-server answers {answer[:300]!r}")
        if b"transfer-encoding: chunked" in top.lower():
            content = _unchunked(content)
        return json.loads(content)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                self.health_s()
                return
            except OSError:  # not listening yet, or 503 while it loads
                time.sleep(0.005)
        self.close()
        raise RuntimeError(f"llama-server does not start: {self.settings}")


def _unchunked(content: bytes) -> bytes:
    """The body of an HTTP answer with chunked transfer encoding."""
    body = b""
    while content:
        size, _, content = content.partition(b"\r\n")
        length = int(size, 16)
        body, content = body + content[:length], content[length + 2 :]
        if not length:
            break
    return body


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
