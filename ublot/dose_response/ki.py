"""From the IC50 of a fluorescence-polarisation competition to the inhibitor's K_i."""

from __future__ import annotations

import math

__all__ = ["competition_ki"]


def competition_ki(ic50_nM: float, *, probe_kd_nM: float, probe_nM: float, protein_nM: float) -> float:
    """K_i of a competitive inhibitor from its IC50.

    ``K_i = [I]_50 / ([L]_50 / K_d + [P]_0 / K_d + 1)`` with the *free* inhibitor and probe at half displacement and the
    free protein without inhibitor, exact for 1:1 competition at any ratio of probe, protein and K_d: Nikolovska-Coleska
    et al. 2004, Anal Biochem 332:261. All three follow from totals by the law of mass action.

    Parameters
    ----------
    ic50_nM : float
        Total inhibitor at half displacement of the probe.
    probe_kd_nM : float
        K_d of the probe and the protein.
    probe_nM, protein_nM : float
        Total concentrations.

    Returns
    -------
    float
        NM; NaN where the IC50 is not above what the protein alone binds up: the assay cannot resolve so tight a binder.
    """
    kd, probe, protein = probe_kd_nM, probe_nM, protein_nM
    total = protein + probe + kd
    # The smaller root, written so that nothing cancels when the probe is dilute.
    bound = 2 * protein * probe / (total + math.sqrt(total**2 - 4 * protein * probe))
    free_protein = protein - bound
    half = bound / 2
    free_probe = probe - half
    # At half displacement: free protein by the probe's equilibrium, the rest of the protein holds inhibitor.
    held = protein - half - kd * half / free_probe
    free_inhibitor = ic50_nM - held
    if not free_inhibitor > 0:
        return math.nan
    return free_inhibitor / (free_probe / kd + free_protein / kd + 1)
