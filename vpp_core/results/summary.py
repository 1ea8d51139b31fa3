"""`simulation_summary.json` and `simulation_results.csv`: the run for programs."""

from __future__ import annotations

import json
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from vpp_core.results.answer import answer
from vpp_core.results.run import Run
from vpp_core.results.sentences import observations
from vpp_core.results.shares import data_shares
from vpp_core.tables import WINDOW_RESULTS

_DIGITS = 6
Value = str | int | float | bool | None


class SeriesShare(BaseModel):
    """Where one input series came from."""

    model_config = ConfigDict(extra="forbid")

    series: str
    rows: int = Field(ge=0)
    real_share: float = Field(ge=0, le=1, description="fetched or read from published files")
    by_source: dict[str, float] = Field(description="share of rows per source; they add up to 1")


class Summary(BaseModel):
    """Schema of `simulation_summary.json`. Rows of a table are objects; a figure that does not apply is null."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = 1
    month: str
    days: int = Field(ge=1)
    scenario: dict[str, Any]
    scenario_fingerprint: str
    provenance: dict[str, Any] = Field(description="what reproduces the run: command, seeds, versions, hashes")
    data: list[SeriesShare]
    answer: list[str] = Field(description="the answer in sentences made from the numbers below")
    observations: list[str]
    event: str | None = Field(description="the check against a real event, in a sentence; null where it was not made")
    kpi_monthly: list[dict[str, Value]]
    gap_split: list[dict[str, Value]]
    claims: list[dict[str, Value]]
    csv_columns: dict[str, str] = Field(description="the columns of simulation_results.csv")


def summary(run: Run) -> Summary:
    """The run's summary as a validated record."""
    return Summary(
        month=str(run.month),
        days=run.days,
        scenario=run.scenario.model_dump(mode="json"),
        scenario_fingerprint=run.scenario.fingerprint(),
        provenance=dict(run.provenance),
        data=[
            SeriesShare(series=share.series, rows=share.rows, real_share=share.real, by_source=share.by_source)
            for share in data_shares(run)
        ],
        answer=answer(run),
        observations=observations(run),
        event=run.event.sentence if run.event else None,
        kpi_monthly=_records(run.kpis),
        gap_split=_records(run.split),
        claims=_records(run.claims),
        csv_columns=csv_columns(),
    )


def summary_json(run: Run) -> bytes:
    """The summary as JSON, keys in the schema's order."""
    return (json.dumps(summary(run).model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n").encode()


def csv_columns() -> dict[str, str]:
    """Columns of `simulation_results.csv` and what they mean."""
    added = {
        "month": "month of trade days, YYYY-MM",
        "scenario": "name of the scenario",
        "window_start_local": "start of the market window in the market's time zone, with its offset",
    }
    return added | {column.name: column.description for column in WINDOW_RESULTS.columns}


def results_csv(run: Run) -> bytes:
    """A row per window and strategy; numbers to six decimals, times in ISO 8601."""
    windows = run.flat.windows
    local = windows["window_start"].dt.tz_convert(run.timezone)
    frame = windows.assign(
        month=str(run.month),
        scenario=run.scenario.name,
        window_start_local=local.map(lambda moment: moment.isoformat()),
        window_start=windows["window_start"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    rounded = frame[list(csv_columns())].round(_DIGITS)
    floats = rounded.select_dtypes("float").columns
    rounded[floats] += 0.0  # no negative zero
    text: str = rounded.to_csv(index=False, lineterminator="\n")
    return text.encode()


def _records(frame: pd.DataFrame) -> list[dict[str, Value]]:
    return [{str(name): _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Value:
    """A JSON value: no NaN, floats to six decimals without a negative zero."""
    if value is None or pd.isna(value):
        return None
    if isinstance(value, float):
        return round(value, _DIGITS) + 0.0
    return value
