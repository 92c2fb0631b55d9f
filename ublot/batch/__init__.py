"""Many blots, on one machine or many, unattended.

`inputs` finds them, `work` does one of them, `engines` says where, `finished` what needs no more work, `gather` and
`page` what all of them show together; `run` puts it together.
"""

from __future__ import annotations

from ublot.batch.run import BatchInterrupted, BatchResult, run_batch

__all__ = ["BatchInterrupted", "BatchResult", "run_batch"]
