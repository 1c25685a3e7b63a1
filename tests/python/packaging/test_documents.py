"""Links among the pages lead somewhere, and no text speaks of the machine it was written on."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
# Put together here, so that this file does not contain what it looks for.
FOLDERS = ("work", "tmp", "root", "home", "mnt")
MACHINE = re.compile(rf"(?<![\w.$}}~*/-])/(?:{'|'.join(FOLDERS)})/\w")
HOST = re.compile(
    "|".join(["pypi" + r"\.org", "python" + "hosted", r"index-" + "url", "arti" + "factory"])
)


def tracked() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def anchors(page: str) -> set[str]:
    """Returns the anchors of a page's headings, as web forges make them."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", page), re.MULTILINE)
    words = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {word.replace(" ", "-") for word in words}


def broken(page: Path) -> list[str]:
    """Returns the links of a page that lead to no file, or to no heading of one."""
    wrong = []
    for link in LINK.findall(FENCED.sub("", text_of(page))):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = (page.parent / target) if target else page
        if not file.exists() or (anchor and anchor not in anchors(text_of(file))):
            wrong.append(link)
    return wrong


PAGES = [path for path in tracked() if path.suffix == ".md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text("# One `two`\n[a](a.md) [b](#one-two) [c](no.md) [d](a.md#three)\n")
    assert broken(page) == ["no.md", "a.md#three"]


@pytest.mark.parametrize("pattern", [MACHINE, HOST], ids=["folders", "registries"])
def test_no_text_speaks_of_a_machine(pattern: re.Pattern[str]) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in tracked()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if pattern.search(line)
    ]
    assert wrong == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_of_a_machine_is_found(folder: str) -> None:
    assert MACHINE.search(f"see /{folder}/a.txt")
    assert not MACHINE.search(f"see build/{folder}/a.txt")
