"""Packages that only some uses need, and the extra of this project that installs them."""

from __future__ import annotations

EXTRAS = {
    "dagster": "pipeline",
    "dagster_webserver": "pipeline",
    "dotenv": "pipeline",
    "filelock": "pipeline",
    "rich": "pipeline",
    "typer": "pipeline",
    "upath": "pipeline",
    "uvicorn": "pipeline",
    "gridstatus": "live",
    "gridstatusio": "live",
    "langchain_google_genai": "llm",
}


def how_to_install(package: str) -> str:
    """A sentence that says how a package comes to be there; empty for one that no extra installs."""
    name = package.split(".")[0]
    if name not in EXTRAS:
        return ""
    return f"the package {name} is not installed; pip install 'vpp-benchmark[{EXTRAS[name]}]'"
