"""The canonical text of a tree."""

from __future__ import annotations

from catalog.domain.query.characters import enquote
from catalog.domain.query.filters import spell_filter
from catalog.domain.query.nodes import And, Filter, Node, Not, Or, Phrase, Words


def spell(node: Node) -> str:
    """The text that parses to ``node``, with no parentheses that are not needed."""
    match node:
        case Words(text=text):
            return text
        case Phrase(text=text):
            return enquote(text)
        case Filter():
            return spell_filter(node)
        case Not(node=inner):
            return f"-{_negatable(inner)}"
        case And(nodes=nodes):
            return " ".join(f"({spell(n)})" if isinstance(n, Or) else spell(n) for n in nodes)
        case Or(nodes=nodes):
            return " OR ".join(map(spell, nodes))


def _negatable(node: Node) -> str:
    """``node`` so that the one ``-`` before it takes all of it."""
    single = isinstance(node, (Phrase, Filter)) or (
        isinstance(node, Words) and " " not in node.text
    )
    return spell(node) if single else f"({spell(node)})"
