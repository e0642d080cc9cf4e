from __future__ import annotations

import pytest

from sparsify_tui.tui.dialogs.choice_input import ChoiceInput
from sparsify_tui.tui.dialogs.choose import Choose
from sparsify_tui.tui.dialogs.confirm import Confirm
from sparsify_tui.tui.dialogs.field_row import PathInput
from sparsify_tui.tui.dialogs.form import Form
from sparsify_tui.tui.dialogs.help import HelpScreen
from sparsify_tui.tui.dialogs.text_view import TextView
from sparsify_tui.tui.dialogs.which_key import WhichKey
from sparsify_tui.tui.widgets.layer_bars import LayerBars
from sparsify_tui.tui.widgets.layer_table import Table
from sparsify_tui.tui.widgets.scatter_chart import ScatterChart

BOUND = (
    *(ChoiceInput, Choose, Confirm, PathInput, Form),
    *(HelpScreen, TextView, WhichKey, LayerBars, Table, ScatterChart),
)


@pytest.mark.parametrize("widget", BOUND, ids=lambda widget: widget.__name__)
def test_every_binding_has_an_id_so_that_it_can_be_remapped(widget):
    own = [binding for binding in widget.BINDINGS if not isinstance(binding, tuple)]
    assert own
    assert all(binding.id for binding in own)
    assert len({binding.id for binding in own}) == len(own)
