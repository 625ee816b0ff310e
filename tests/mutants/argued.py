"""Mutants that no test can notice, and why: by module and by the code that the mutant has in place of ours."""

from __future__ import annotations

from typing import Final

GROUPS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "the same for every value that can get there": {
        "sharing": ("return [min(float(ceil(limit_a)), sharers[ -1].own_limit_a)]",),
    },
}

ARGUED: Final = {
    (module, code): reason for reason, places in GROUPS.items() for module, codes in places.items() for code in codes
}
