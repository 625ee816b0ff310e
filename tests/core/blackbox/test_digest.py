"""The digest of a decision: the same as that of its whole text, whatever was kept of the second before."""

from __future__ import annotations

from hashlib import blake2b

import pytest

from gxbridge.core.blackbox.codec import to_json
from gxbridge.core.blackbox.recorder import Digester, digest_of
from gxbridge.core.bridge import Bridge
from gxbridge.core.cycle import Cycle
from gxbridge.core.setup import Setup
from tests.core.boat import MULTI, RUNNING, SOLAR, claim, multi, solar, status, vreg


def plain_digest(cycle: Cycle, effective: str) -> str:
    decision = cycle.decision
    decided = {**decision._asdict(), "published": dict(decision.published), "findings": ()}
    del decided["titles"]
    findings = [[getattr(one, name) for name in one.__match_args__ if name != "arguments"] for one in decision.findings]
    text = to_json([effective, cycle.writes, list(decided.values()), findings])
    return blake2b(text.encode(), digest_size=8).hexdigest()


@pytest.mark.parametrize("ours", [True, False])
def test_what_is_kept_of_limits_and_writes_changes_no_digest(ours: bool) -> None:
    """Without our own name nothing leaves of what was decided."""
    bridge, digester = Bridge(Setup(mode="control", buses=("can0",))), Digester()
    bridge.hold_name(ours)
    bridge.service_added(SOLAR, solar(), 0.0)
    bridge.service_added(MULTI, multi(), 0.0)
    frames = [claim(), status(), *(vreg(register, raw) for register, raw in RUNNING.items())]
    digests, kept, findings, left = set(), 0, 0, 0
    for now in range(60):
        if now < 40:  # then the BMS falls silent
            bridge.hear("can0", [(now, *frame) for frame in (*frames, vreg(0x0391, 2000 - now // 9))])
        before = bridge._control.decision.limits
        cycle = bridge.tick(now)
        digest = digester.digest(cycle, bridge.effective)
        assert digest == digest_of(cycle, bridge.effective) == plain_digest(cycle, bridge.effective)
        digests.add(digest)
        kept += cycle.decision.limits is before
        findings += bool(cycle.decision.findings)
        left += bool(cycle.writes)
    assert len(digests) > 10 < min(kept, findings)
    assert bool(left) is ours
