"""Where machine code is kept: in a folder named after the sources, so that a change of a called loop is noticed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import vpp_core

CORE = Path(vpp_core.__file__).parent
OWN = r"^(import vpp_core\.dispatch\.compiled|from vpp_core\.dispatch(\.compiled import| import .*\bcompiled\b))"


def says_where(file: Path) -> bool:
    """Whether importing a file imports `dispatch.compiled` before its own loops are given to numba."""
    source = file.read_text()
    if file.name == "compiled.py" or re.search(OWN, source, re.M):
        return True
    names = re.findall(r"^from vpp_core\.dispatch\.([\w.]+) import", source, re.M)
    names += re.findall(r"^from vpp_core\.dispatch\.bound import (\w+)", source, re.M)
    files = [CORE / "dispatch" / f"{name.replace('.', '/')}.py" for name in (*names, *(f"bound/{n}" for n in names))]
    return any(other != file and other.exists() and says_where(other) for other in files)


def test_every_file_with_loops_says_where_machine_code_is_kept_before_it_has_any() -> None:
    with_loops = [
        file for file in CORE.rglob("*.py") if re.search(r"^@.*\b(njit|kernel|part)\b", file.read_text(), re.M)
    ]
    assert len(with_loops) > 8
    assert [str(file.relative_to(CORE)) for file in with_loops if not says_where(file)] == []


def test_loops_of_the_bound_alone_are_kept_in_the_folder_of_all_sources() -> None:
    code = "from vpp_core.dispatch.bound import rows; print(rows.fill._cache.cache_path)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "numba-" in told
