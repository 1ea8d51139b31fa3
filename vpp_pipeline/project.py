"""Where things are: the project folder, the lake, Dagster's home. Looked up when asked, never at import."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from vpp_core.errors import InputError
from vpp_pipeline.lake.address import lake_address, local_folder

LAKE_VARIABLE = "VPP_LAKE"
RAW_VARIABLE = "VPP_RAW"
HOME_VARIABLE = "DAGSTER_HOME"


def project_root() -> Path:
    """The checkout this package was installed from; for a plain (not editable) install the working folder."""
    checkout = Path(__file__).resolve().parents[1]
    return checkout if (checkout / "pyproject.toml").exists() else Path.cwd()


def load_environment_file() -> None:
    """Read the project's `.env` (keys, lake); what the environment says already wins."""
    from dotenv import load_dotenv

    load_dotenv(project_root() / ".env")


def lake_url() -> str:
    """The lake: `VPP_LAKE`, a folder or a URL such as s3://bucket/lake; default `data_lake`.

    A relative folder starts at the project, so that the command line and the UI mean the same one wherever started.
    """
    return lake_address(os.environ.get(LAKE_VARIABLE, "").strip() or "data_lake", project_root(), LAKE_VARIABLE)


def raw_folder() -> Path:
    """Files that people drop in and answers of services kept: `VPP_RAW`, default `raw` in the lake.

    Always a local folder: a lake on an object store keeps it beside the project.
    """
    given = os.environ.get(RAW_VARIABLE, "").strip()
    if given:
        return local_folder(given, project_root(), RAW_VARIABLE)
    lake = lake_url()
    return (project_root() / "data_lake" if "://" in lake else Path(lake)) / "raw"


def dagster_home() -> Path:
    """Where Dagster keeps its history: `DAGSTER_HOME`, default `.dagster` in the project."""
    given = os.environ.get(HOME_VARIABLE, "").strip()
    return local_folder(given, Path.cwd(), HOME_VARIABLE).resolve() if given else project_root() / ".dagster"


def prepare_dagster_home() -> Path:
    """Make the one Dagster home that command line and UI share, with the package's dagster.yaml in it.

    `DAGSTER_HOME` from outside is respected: a team's instance on PostgreSQL has its own. One that has none yet gets
    the project's, since Dagster would otherwise run without limits and send statistics.
    """
    home, given = dagster_home(), os.environ.get(HOME_VARIABLE, "").strip()
    settings = Path(__file__).with_name("dagster.yaml")  # in a checkout and in an installed wheel alike
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not (given and (home / "dagster.yaml").exists()):
            _copy_if_changed(settings, home / "dagster.yaml")
        if not os.access(home, os.W_OK):
            raise PermissionError(home)
    except OSError as error:
        raise InputError(
            f"Dagster's home {home} cannot be written ({error.strerror or 'no permission'}); "
            "set DAGSTER_HOME to a folder that can"
        ) from error
    os.environ[HOME_VARIABLE] = str(home)
    return home


def _copy_if_changed(source: Path, target: Path) -> None:
    if target.exists() and target.read_bytes() == source.read_bytes():
        return
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    shutil.copyfile(source, temporary)
    os.replace(temporary, target)
