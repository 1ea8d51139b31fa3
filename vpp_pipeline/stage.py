"""What every asset does around its one core call: find the run, reuse what is current, encode, describe.

A stored table carries its *recipe*: a digest of the code, the scenario, the month, the tables and raw files it was
made from. Where the recipe is still the same and the file is whole, the stage is current and nothing is computed: so
a second run is quick, a killed run continues where it was, and the bytes are the same either way. Of the scenario only
what the stage reads counts (`reads`), so what another scenario made of the same is taken from there. The run tag
`vpp/fresh` computes everything anew, `vpp/refetch` also asks live services again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa

from vpp_core.calendar import Month, Period
from vpp_core.errors import InputError
from vpp_core.scenario import Scenario
from vpp_core.sources.unread import Unread, in_lines, unread_of, with_unread
from vpp_core.strategies.registry import require_known
from vpp_pipeline import progress
from vpp_pipeline.assets.preview import Describe, Image
from vpp_pipeline.io.parquet import contract_of
from vpp_pipeline.io.resource import LakePlace
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.table_file import TableFile, encode
from vpp_pipeline.partitions import month_and_scenario
from vpp_pipeline.recipe import as_read_by, code_version, fields_read, recipe_of
from vpp_pipeline.shards.pools import checked_place

for _accelerator in ("compute.use_bottleneck", "compute.use_numexpr"):
    # Installed for another package's sake, they would change the last bit of sums and with it a table's bytes.
    pd.set_option(_accelerator, False)

FRESH_TAG = "vpp/fresh"
REFETCH_TAG = "vpp/refetch"
"""Asks live services again for what was fetched before."""
ON_TAG = "vpp/on"
"""Where the aggregations of a large fleet are run; without it, what VPP_ON says, else in processes of this machine."""


@contextmanager
def final_failures() -> Iterator[None]:
    """Bad input fails the step at once, with the sentence meant for a person and no retry."""
    try:
        yield
    except InputError as error:
        raise dg.Failure(str(error), allow_retries=False) from error


@dataclass
class Stage:
    """One asset in one run."""

    asset: str
    month: Month
    scenario: Scenario
    """with the market rules of the month; what this stage does not read is at its default"""
    whole: Scenario
    """with the market rules of the month, all of it: to be described, not computed with"""
    lake: Lake
    upstream: tuple[str, ...]
    fresh: bool
    refetch: bool
    log: Any
    on: str = "processes"
    """where the aggregations of a large fleet are run"""
    chosen: frozenset[str] | None = None
    """assets that the run makes; None: all"""
    notes: dict[str, Any] = field(default_factory=dict)
    """what the computation wants shown as metadata"""
    shown: Callable[[], Mapping[str, Any]] = dict
    """the metadata of the asset's last materialization for this partition"""
    unread: list[Unread] = field(default_factory=list)
    """files of the raw folder that the computation passed over; kept in the table it makes"""

    @classmethod
    def of(cls, context: dg.AssetExecutionContext, resource: LakePlace) -> Stage:
        """The stage that a step of Dagster runs."""
        lake = resource.open()
        month, name = month_and_scenario(context.partition_key)
        upstream = {
            dependency.asset_key.path[-1] for dependency in context.assets_def.specs_by_key[context.asset_key].deps
        }
        with final_failures():
            whole = lake.scenario(name).in_month(month)
            require_known(whole.strategies or ())
        tags = context.run.tags
        asset = context.asset_key.path[-1]
        with final_failures():
            place = checked_place(tags.get(ON_TAG) or os.environ.get("VPP_ON") or "processes")
        return cls(
            asset,
            month,
            as_read_by(asset, whole),
            whole,
            lake,
            tuple(sorted(upstream)),
            FRESH_TAG in tags,
            REFETCH_TAG in tags,
            context.log,
            place,
            _chosen(context),
            shown=lambda: _last_shown(context),
        )

    @property
    def period(self) -> Period:
        return self.scenario.period(self.month)

    def runs(self, asset: str) -> bool:
        """Whether another asset is made in the same run."""
        return self.chosen is None or asset in self.chosen

    def recipe(self, *extra: str) -> str:
        """Digest of all that this stage's result is made from. `extra`: what only the asset knows (raw files)."""
        return recipe_of(self.asset, self.month, self.scenario, self.lake, self.upstream, extra)

    def table(
        self,
        compute: Callable[[], pd.DataFrame | pa.Table],
        extra: Callable[[], Iterable[str]] = tuple,
        describe: Describe | None = None,
        lacks: Callable[[TableFile], bool] | None = None,
        beside: Callable[[str, pa.Table], None] | None = None,
        beside_of: Callable[[str, str], bool] | None = None,
    ) -> dg.MaterializeResult:
        """The stage's table: the stored one where it is current, else another scenario's that was made from the same,
        else computed, held to its contract and encoded.

        `lacks` says of a stored table that it could be completed now, and so is computed again although it is current.
        `beside` puts what was made beside the table in its place, under the same recipe; `beside_of` what a scenario
        has beside its own table of this recipe, and says whether it was there.
        `extra` is asked again after computing, since a live source keeps what it fetched among the raw files.
        """
        began = time.perf_counter()
        with self.failures_told():
            recipe = None if self.fresh or self.refetch else self.recipe(*extra())
            in_place = self._current(recipe) if recipe else None
            if in_place is not None and lacks is not None and lacks(in_place):
                recipe = in_place = None
            file = in_place or (self._shared(recipe, beside_of) if recipe else None)
            reused = file is not None
            if file is None:
                frame = compute()
                contract = contract_of(self.asset)
                table = contract.arrow(frame) if isinstance(frame, pd.DataFrame) else frame
                made_from = self.recipe(*extra())
                file = encode(with_unread(table, self.unread), contract, made_from)
                if beside is not None:
                    beside(made_from, file.table)
            described = describe(file.table, Image(self.shown_of(digest=file.digest))) if describe else {}
            self._done(began, reused)
        return dg.MaterializeResult(
            value=None if in_place else file,
            data_version=dg.DataVersion(f"{code_version(self.asset)}.{file.digest}"),
            metadata={
                **described,
                "dagster/partition_row_count": file.table.num_rows,
                "dagster/uri": str(self.lake.table_path(self.asset, self.month, self.scenario.name)),
                "bytes": len(file.content),
                "digest": file.digest,
                "reused": reused,
                "seconds": round(time.perf_counter() - began, 3),
                **self.about(),
                **self.notes,
                **_not_read(unread_of(file.table.schema)),
            },
        )

    def about(self) -> dict[str, Any]:
        """The scenario in a few words, for metadata."""
        scenario = self.whole
        return {
            "homes": scenario.homes,
            "seed": scenario.seed,
            "data_seed": scenario.data_seed,
            "scenario_fingerprint": scenario.fingerprint(),
            "code": code_version(self.asset),
        }

    @contextmanager
    def failures_told(self) -> Iterator[None]:
        """As `final_failures`; and the lake's run log keeps that this stage failed, and why."""
        try:
            with final_failures():
                yield
        except Exception as error:
            reason = str(getattr(error, "description", None) or error).strip() or type(error).__name__
            entry = {"stage": self.asset, "month": str(self.month), "scenario": self.scenario.name}
            with suppress(InputError):  # a lake that cannot be written to says so by the failure itself
                self.lake.log({**entry, "failed": reason.splitlines()[0]})
            raise

    def _current(self, recipe: str) -> TableFile | None:
        try:
            file = self.lake.read(self.asset, self.month, self.scenario.name, contract_of(self.asset))
        except InputError as error:
            if self.lake.table_path(self.asset, self.month, self.scenario.name).exists():
                self.log.warning(f"{error}: rebuilding it now")
            return None
        return file if file.recipe == recipe else None

    def _shared(self, recipe: str, beside_of: Callable[[str, str], bool] | None) -> TableFile | None:
        """A whole table of this month that another scenario made from the same; its bytes would be these."""
        if fields_read(self.asset, self.scenario) is None:
            return None
        for month, scenario in self.lake.partitions(self.asset):
            if month != str(self.month) or scenario == self.scenario.name:
                continue
            if self.lake.recipe(self.asset, month, scenario) == recipe:
                try:
                    file = self.lake.read(self.asset, month, scenario, contract_of(self.asset))
                except InputError:
                    continue  # damaged: its own scenario's next run says so and rebuilds it
                if file.recipe == recipe and (beside_of is None or beside_of(scenario, recipe)):
                    self.notes["taken_from"] = scenario
                    return file
        return None

    def shown_of(self, **same: str) -> Mapping[str, Any]:
        """What was shown last, where it was made by the same code of what is named; else nothing."""
        last = {} if self.fresh else self.shown()
        wanted = {"code": code_version(self.asset), **same}
        return last if all(name in last and last[name].value == value for name, value in wanted.items()) else {}

    def _done(self, began: float, reused: bool) -> None:
        seconds = time.perf_counter() - began
        entry = {"stage": self.asset, "month": str(self.month), "scenario": self.scenario.name}
        self.lake.log({**entry, "seconds": round(seconds, 3), "reused": reused, **self.notes})

    def progress(self, label: str, share: float) -> None:
        """Tell the listener how far this stage is; `share` is 0 … 1."""
        progress.report(self.asset, label, share)


def _chosen(context: dg.AssetExecutionContext) -> frozenset[str] | None:
    """Assets of the run where some were chosen; Dagster says of a run of all that none was."""
    return frozenset(key.path[-1] for key in context.run.asset_selection or ()) or None


def _last_shown(context: dg.AssetExecutionContext) -> Mapping[str, Any]:
    wanted = dg.AssetRecordsFilter(asset_key=context.asset_key, asset_partitions=[context.partition_key])
    for record in context.instance.fetch_materializations(wanted, limit=1).records:
        if record.asset_materialization is not None:
            return record.asset_materialization.metadata
    return {}


def _not_read(unread: list[Unread]) -> dict[str, Any]:
    """What was passed over, as metadata; nothing where all was read."""
    return {"not_read": dg.MetadataValue.md("\n".join(f"- {line}" for line in in_lines(unread)))} if unread else {}
