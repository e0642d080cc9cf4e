"""Loss profiles measured in this process."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sparsify_tui.analyses.loss import profile_one_shot
from sparsify_tui.codec import document_from
from sparsify_tui.core.loss_profile import LossProfile, LossRequest
from sparsify_tui.core.options import RunOptions
from tests.analyses.fakes import finished


def profile_of(options: RunOptions, request: LossRequest, log: Path | None = None) -> LossProfile:
    """The whole way of the job; its log of items stays where a path is given."""
    with tempfile.TemporaryDirectory() as folder:
        profile: LossProfile = finished(
            profile_one_shot(
                options=document_from(options),
                request=document_from(request),
                profile_id="x",
                name="x",
                created="",
                log=str(log or Path(folder, "items.jsonl")),
                shares={},
            )
        )
    return profile
