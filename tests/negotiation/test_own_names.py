"""The core's mechanisms and tactics by name, as scenarios know them, are those that the registries hold."""

from __future__ import annotations

import subprocess
import sys

from vpp_core.scenario.bargaining import OWN_MECHANISMS, OWN_TACTICS


def test_the_names_are_those_of_the_registries_where_no_plugin_is_loaded() -> None:
    program = (
        "from vpp_core.negotiation.mechanisms import MECHANISMS\n"
        "from vpp_core.negotiation.tactics import TACTICS\n"
        "print(*MECHANISMS)\n"
        "print(*sorted(TACTICS))\n"
        "print(*(key for key, tactic in TACTICS.items() if tactic.of_homes_only))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    mechanisms, tactics, of_homes_only = done.stdout.splitlines()
    assert mechanisms.split() == list(OWN_MECHANISMS)
    assert tactics.split() == sorted(OWN_TACTICS)
    assert of_homes_only.split() == [OWN_TACTICS[0]]
