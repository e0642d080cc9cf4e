"""What can be done on a screen just now, for help and palette."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import App
from textual.dom import DOMNode
from textual.screen import Screen


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing to do, and all keys that do it."""

    label: str
    keys: tuple[str, ...]
    action: str
    node: DOMNode
    """Whose action it is."""


def actions_of(screen: Screen[object]) -> tuple[Action, ...]:
    """The section's own actions first, then the app's, then those of the focused widget."""
    keys: dict[tuple[str, str], list[str]] = {}
    found: dict[tuple[str, str], tuple[str, DOMNode]] = {}
    for key, active in screen.active_bindings.items():
        binding = active.binding
        if active.enabled and binding.description:
            name = (binding.action, binding.description)
            keys.setdefault(name, []).append(key)
            found[name] = (binding.action, active.node)
    actions = [
        Action(label=name[1], keys=tuple(keys[name]), action=action, node=node)
        for name, (action, node) in found.items()
    ]
    return tuple(sorted(actions, key=lambda one: _rank(one.node)))


def _rank(node: DOMNode) -> int:
    return 0 if isinstance(node, Screen) else 1 if isinstance(node, App) else 2
