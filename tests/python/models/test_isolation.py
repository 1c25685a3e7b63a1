"""What this package imports, what it costs to import, and that its output is reproducible."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import agentc
import agentc.codegen
import agentc.models

FORBIDDEN = (
    "agentc._mlir",
    "agentc.runtime",
    "agentc.cost_models",
    "agentc.compiler",
    "agentc.frontend",
    "agentc.cli",
)
HEAVY = ("numpy", "iree", "gguf", "safetensors", "tokenizers", "jinja2", "torch")


def sources():
    for package in (agentc.models, agentc.codegen):
        yield from Path(package.__file__).parent.glob("*.py")


def imports(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_dependencies_point_the_right_way():
    checked = 0
    for path in sources():
        for name in imports(path):
            assert not name.startswith(FORBIDDEN), f"{path.name} imports {name}"
            checked += name.startswith("agentc.")
    assert checked > 40


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={**os.environ, **environment},
    )
    return done.stdout.strip()


def test_importing_models_is_light():
    code = f"import sys, agentc.models; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert run(code) == "[]"


def test_torch_is_only_imported_for_torch_modules():
    code = "import sys, agentc.models; agentc.models.build; print('torch' in sys.modules)"
    assert run(code) == "False"


def test_programs_are_the_same_text_in_every_process():
    """The text is the cache key: hash order must not leak into it."""
    code = (
        "from agentc.codegen.store import digest;"
        "from agentc.models.bert import emit_bert;"
        "from agentc.models.config import BertConfig, DecoderConfig;"
        "from agentc.models.generic_attention import GenericAttention;"
        "from agentc.models.decoder import emit_decoder;"
        "c = DecoderConfig(2, 64, 4, 2, 16, 96, 50, 64, 1e-5, 1e4, False);"
        "a = emit_decoder(c, GenericAttention);"
        "b = emit_bert(BertConfig(2, 36, 3, 50, 97, 40, 1e-12));"
        "print(digest(a.module.text(), b.text()))"
    )
    assert len({run(code, PYTHONHASHSEED=seed) for seed in ("1", "2", "3")}) == 1


def test_public_names_are_documented():
    for path in sources():
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), f"{path.name} has no docstring"
        for owner in [tree, *(n for n in tree.body if isinstance(n, ast.ClassDef))]:
            for node in owner.body:
                named = isinstance(node, ast.FunctionDef | ast.ClassDef)
                if named and not node.name.startswith("_"):
                    assert ast.get_docstring(node), f"{path.name}: {node.name}"
