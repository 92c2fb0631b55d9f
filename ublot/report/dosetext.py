"""A fitted dose-response in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ublot.report.words import Wording, interval_text, number_text

__all__ = ["dose_sentence"]


def dose_sentence(fit: Mapping[str, Any], words: Wording) -> str:
    """What a row of ``dose_response.csv`` says."""
    name = str(fit["compound"]) or "the sample"
    name += f" ({fit['group']})" if fit["group"] else ""
    if fit["quantity"] == "unmodified_remaining":
        name += f", unmodified {words.target} left"
    if fit["status"] == "ok":
        bounds = interval_text(fit["ec50_low"], fit["ec50_high"])
        span = f"from {number_text(fit['bottom'])} to {number_text(fit['top'])} times {words.vehicle}"
        text = f"{name}: EC50 {number_text(fit['ec50_nM'])} nM (95 % {bounds}), Hill slope {number_text(fit['hill'])}"
        return f"{text}, {span}{'; ' + str(fit['note']) if fit['note'] else ''}."
    return f"{name}: no EC50 ({str(fit['status']).replace('_', ' ')}): {fit['note']}."
