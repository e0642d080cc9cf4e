"""Guesses from a layer's name which part of the network it belongs to."""

from __future__ import annotations

import re

_FIRST_NUMBERED = re.compile(r"^[./]?(?:[^./]+[./])*?[^./]*\d(?=[./]|$)")


def stage_of(label: str) -> str:
    """The part of a network that a layer's label names first.

    `layer1.0.conv1` is in `layer1`, `encoder.layer.3.attention.q` in `encoder.layer.3`: up to
    the first word that ends in a number. A label without one, or with none but its last, is in
    what stands before its last word. A heuristic: names are the exporter's business.
    """
    found = _FIRST_NUMBERED.match(label)
    if found and found.end() < len(label):
        return found.group()
    cut = max(label.rfind("."), label.rfind("/"))
    return label[:cut] if cut > 0 else label
