"""No annotation without a reader: what a pass attaches, another part of the product reads."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]

_CONSTANT = re.compile(r'StringLiteral (k\w+) = "([a-z_0-9]+)"')
_SET_NAMED = re.compile(r"set(?:Discardable)?Attr\(\s*(?:\"([a-z_0-9]+)\"|(k\w+))")
_SET_GENERATED = re.compile(r"[.>]set([A-Z]\w*?)(?:Attr)?\(")
# Attached for a reader that is not written yet. A name that has one must go from here.
_WAITING: set[str] = set()
# Setters that change what an operation is, not what is noted on it.
_STRUCTURE = {
    "args", "arg_names", "attr", "attrs", "discardable", "function_type", "loc", "name",
    "operand", "operands", "pieces", "template_text", "type",
}  # fmt: skip


def snake(camel: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", camel).lower()


def attached(source: str) -> set[str]:
    """The names of the attributes that a C++ source puts on operations."""
    constants = dict(_CONSTANT.findall(source))
    named = {text or constants.get(name, name) for text, name in _SET_NAMED.findall(source)}
    generated = {snake(name) for name in _SET_GENERATED.findall(source)}
    generated = {name for name in generated if not name.startswith("insertion_point")}
    return named | (generated - _STRUCTURE)


def reads_cpp(source: str, name: str) -> bool:
    """Whether a C++ source asks for the attribute, by its name or its generated accessor."""
    aliases = [k for k, text in _CONSTANT.findall(source) if text == name]
    spelled = "|".join([f'"{name}"', *aliases])
    camel = "".join(part.capitalize() for part in name.split("_"))
    asks = rf"(?:getAttrOfType<[\w:]+>|getDiscardableAttr|hasAttr|getAttr|get)\(\s*(?:{spelled})\)"
    return bool(re.search(rf"{asks}|\bget{camel}(?:Attr)?\(\)", source))


def reads_python(source: str, name: str) -> bool:
    return f'"{name}"' in source


def unread(cpp: dict[str, str], python: dict[str, str], writers: set[str]) -> dict[str, str]:
    """Attributes that a file of `writers` attaches and no other file reads, with that file."""
    found = {}
    for path in sorted(writers):
        for name in attached(cpp[path]):
            others = (text for other, text in cpp.items() if other != path)
            if any(reads_cpp(text, name) for text in others):
                continue
            if not any(reads_python(text, name) for text in python.values()):
                found[name] = path
    return found


def sources(pattern: str, *folders: str) -> dict[str, str]:
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for folder in folders
        for path in sorted((ROOT / folder).rglob(pattern))
    }


def test_every_annotation_of_a_pass_is_read_elsewhere() -> None:
    cpp = sources("*.cpp", "passes", "dialects") | sources("*.h", "passes")
    python = sources("*.py", "agentc", "runtime", "cost_models")
    writers = {path for path in cpp if path.startswith("passes/")}
    assert set(unread(cpp, python, writers)) == _WAITING


def test_known_annotations_are_seen() -> None:
    """Guards the search: it must find what passes are known to attach."""
    names = set().union(*map(attached, sources("*.[ch]*", "passes").values()))
    assert {"label", "site", "op_id", "prefix_group", "shared_pieces"} <= names
    assert not names & {"insertion_point", "template_text"}


def test_an_annotation_that_nobody_reads_is_found() -> None:
    writer = 'constexpr StringLiteral kNote = "note";\nop->setAttr(kNote, x); op.setMaySkip(true);'
    reader = 'auto a = op->getAttrOfType<IntegerAttr>("note");'
    assert unread({"w": writer}, {}, {"w"}) == {"note": "w", "may_skip": "w"}
    assert unread({"w": writer, "r": reader}, {}, {"w"}) == {"may_skip": "w"}
    assert unread({"w": writer, "r": reader}, {"p.py": 'a["may_skip"]'}, {"w"}) == {}
