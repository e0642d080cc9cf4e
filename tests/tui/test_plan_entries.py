from __future__ import annotations

from sparsify_tui.core.channels.groups import ChannelMap
from sparsify_tui.tui.plan_entries import channel_entries, entries_in_sight, layer_entries
from tests.core.examples import layer, model_of
from tests.tui.channels import channel_map

MODEL = model_of(*map(layer, ("stem", "layer1.conv", "x[/a]", "[bold]b", "alone", "head")))


def test_each_layer_stands_once_below_what_makes_its_channels() -> None:
    entries = channel_entries(MODEL, channel_map())

    places = [(one.layer.label, one.parent) for one in entries if one.layer]
    assert places == [
        ("stem", "group 0"),
        ("layer1.conv", "group 0"),
        ("x[/a]", "group 1"),
        ("[bold]b", "group 2"),
        ("head", "locked 0"),
        ("alone", ""),
    ]
    assert len({one.key for one in entries}) == len(entries)


def test_only_what_is_unfolded_shows_its_layers() -> None:
    entries = channel_entries(MODEL, channel_map())

    folded = [one.key for one in entries_in_sight(entries, ())]
    assert folded == ["group 0", "group 1", "group 2", "locked 0", "locked 1", "layer alone"]
    opened = [one.key for one in entries_in_sight(entries, {"group 0"})]
    assert opened[:3] == ["group 0", "layer stem", "layer layer1.conv"]


def test_what_has_no_layers_does_not_unfold() -> None:
    entries = {one.key: one for one in channel_entries(MODEL, channel_map())}

    assert [key for key, one in entries.items() if one.unfolds] == [
        "group 0", "group 1", "group 2", "locked 0",
    ]  # fmt: skip


def test_a_layer_in_two_groups_stands_below_the_first() -> None:
    groups = channel_map().groups
    entries = channel_entries(MODEL, ChannelMap(groups=(groups[0], groups[0])))

    parents = [one.parent for one in entries if one.layer and one.layer.label == "stem"]
    assert parents == ["group 0"]


def test_layers_alone_are_their_own_rows() -> None:
    assert [one.key for one in layer_entries(MODEL)] == [one.id for one in MODEL.layers]
