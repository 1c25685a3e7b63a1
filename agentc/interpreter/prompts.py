"""Templates: from a template string and its arguments to pieces (docs/spec.md, "Prompts")."""

from __future__ import annotations

from agentc.interpreter.world import Piece


def split_template(template: str) -> list[tuple[str, str]]:
    """Cuts a template into ("text", literal) and ("name", placeholder) parts, in order.

    `{{` and `}}` are escapes, `{|}` ends a literal without a placeholder. Spaces at the end of a
    literal go to the part that follows, as a ("text", " ") that `pieces` glues in front of it.
    """
    parts: list[tuple[str, str]] = []
    literal = ""
    position = 0
    while position < len(template):
        two = template[position : position + 2]
        if two in ("{{", "}}"):
            literal += two[0]
            position += 2
        elif template[position] == "{":
            end = template.index("}", position)
            parts.append(("text", literal))
            literal = ""
            name = template[position + 1 : end]
            if name != "|":
                parts.append(("name", name))
            position = end + 1
        else:
            literal += template[position]
            position += 1
    return [*parts, ("text", literal)]


def pieces(template: str, arguments: dict[str, str]) -> list[Piece]:
    """Returns the pieces of a template whose arguments are already formatted.

    A literal's trailing spaces join the next piece, so that "Question: {q}" tokenises the space
    with the question's first word, as running text would. Empty pieces vanish.
    """
    texts = [
        (kind, value if kind == "text" else arguments[value])
        for kind, value in split_template(template)
    ]
    result: list[Piece] = []
    carried = ""
    for number, (kind, text) in enumerate(texts):
        if kind == "text" and number + 1 < len(texts):
            stripped = text.rstrip(" ")
            trailing = text[len(stripped) :]
            if stripped:
                result.append(Piece(carried + stripped))
                carried = trailing
            else:
                carried += trailing
        elif carried + text:
            result.append(Piece(carried + text))
            carried = ""
    if carried:
        result.append(Piece(carried))
    return result


def joined(parts: list[Piece]) -> str:
    """Returns the text of the pieces: what `agent.prompt` is worth as a text."""
    return "".join(part.text for part in parts)
