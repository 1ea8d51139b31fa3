"""A fleet in and out: Arrow, Parquet, models, JSON, CSV, statistics."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from vpp_core.calendar import Period
from vpp_core.errors import InputError
from vpp_core.fleet.arrow import fleet_from_arrow, fleet_to_arrow, same_fleet
from vpp_core.fleet.bess import BESS
from vpp_core.fleet.convert import fleet_of, household_of, households_of, join
from vpp_core.fleet.ev import ElectricVehicle
from vpp_core.fleet.export import fleet_from_json, fleet_summary_csv, fleet_to_json
from vpp_core.fleet.fleet import Fleet
from vpp_core.fleet.kinds.water_heater import WaterHeater
from vpp_core.fleet.mobility import mobility
from vpp_core.fleet.population import generate_fleet
from vpp_core.fleet.prosumer import Prosumer
from vpp_core.fleet.pv import SolarPV
from vpp_core.fleet.statistics import describe
from vpp_core.tables import PROSUMER_FLEET


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return generate_fleet(300, 42, appliance_shares={"water_heater": 0.3})


@pytest.mark.parametrize("homes", [1, 3, 300])
def test_a_fleet_comes_back_from_parquet_as_it_was(homes: int) -> None:
    fleet = generate_fleet(homes, 42, appliance_shares={"water_heater": 0.5})
    file = io.BytesIO()
    pq.write_table(fleet_to_arrow(fleet), file)
    file.seek(0)
    back = fleet_from_arrow(pq.read_table(file))
    assert same_fleet(fleet, back)
    assert back.category.dtype == fleet.category.dtype and back.cars.home.dtype == fleet.cars.home.dtype


def test_a_slice_of_the_table_is_the_fleet_of_those_homes(fleet: Fleet) -> None:
    part = fleet_from_arrow(fleet_to_arrow(fleet).slice(100, 50))
    assert same_fleet(part, fleet.take(np.arange(100, 150)))


def test_the_table_keeps_its_contract(fleet: Fleet) -> None:
    table = fleet_to_arrow(fleet)
    assert table.schema.equals(PROSUMER_FLEET.schema)
    PROSUMER_FLEET.pandera.validate(table.to_pandas())


def test_a_table_without_a_column_or_seed_is_refused(fleet: Fleet) -> None:
    table = fleet_to_arrow(fleet)
    with pytest.raises(InputError, match=r"lacks the column.* bess_min_soc"):
        fleet_from_arrow(table.drop(["bess_min_soc"]))
    with pytest.raises(InputError, match="seed"):
        fleet_from_arrow(table.replace_schema_metadata({}))


def test_a_fleet_comes_back_from_models_and_json_as_it_was(fleet: Fleet) -> None:
    assert same_fleet(fleet_of(households_of(fleet), fleet.seed), fleet)
    assert same_fleet(fleet_from_json(fleet_to_json(fleet)), fleet)


def test_a_household_comes_back_from_columns_as_it_was() -> None:
    home = Prosumer(
        home_id=7,
        category="conservative",
        aggregation_id=3,
        load_profile_id=9,
        bess=BESS(capacity_kwh=16.0, max_power_kw=8.0, min_soc=0.2),
        evs=(ElectricVehicle(charge_deadline_hour=6.5), ElectricVehicle(v2g=True, max_discharge_kw=9.6)),
        appliances={"water_heater": WaterHeater(capacity_kwh=4.4, draw_kwh=9.5)},
        pv=SolarPV(capacity_kw=7.7, tilt_deg=30.0, azimuth_deg=270.0, system_efficiency=0.97),
    )
    assert household_of(fleet_of([home], 1), 0) == home


def test_described_households_join_behind_the_generated_ones(fleet: Fleet) -> None:
    guests = [Prosumer(evs=(ElectricVehicle(),)), Prosumer(bess=BESS())]
    joined = join(fleet, guests)
    assert len(joined) == 302 and list(joined.home_id[-2:]) == [300, 301]
    assert list(joined.load_profile_id[-2:]) == [0, 1]
    assert same_fleet(joined.take(np.arange(300)), fleet)
    assert household_of(joined, 300).evs == guests[0].evs
    before, after = (mobility(f, Period.of("2023-08", 2), 42) for f in (fleet, joined))
    assert np.array_equal(after.trip_kwh[:, : len(fleet.cars)], before.trip_kwh)
    assert join(fleet, []) is fleet


def test_json_that_is_no_fleet_is_refused_with_the_household_s_place() -> None:
    for text in ("", "[]", '{"households": []}', '{"households": [{}], "seed": -1}'):
        with pytest.raises(InputError, match="is not a fleet"):
            fleet_from_json(text)
    with pytest.raises(InputError, match=r"household 1 is not valid: bess.capacity_kwh 0 is below 1"):
        fleet_from_json(json.dumps({"households": [{}, {"bess": {"capacity_kwh": 0.0}}]}))


def test_the_csv_has_a_line_per_home_and_says_what_the_columns_say(fleet: Fleet) -> None:
    frame = pd.read_csv(io.StringIO(fleet_summary_csv(fleet)))
    assert len(frame) == len(fleet)
    assert frame["bess_capacity_kwh"].sum() == pytest.approx(fleet.bess_capacity_kwh.sum())
    assert frame["evs"].sum() == len(fleet.cars)
    assert frame["pv_orientation"].isna().sum() == (~fleet.has_pv).sum()


def test_statistics_agree_with_the_columns(fleet: Fleet) -> None:
    facts = describe(fleet)
    assert facts["homes"] == 300 and facts["battery"]["count"] == int(fleet.has_battery.sum())
    assert facts["adoption_share"]["ev"] == pytest.approx(len(np.unique(fleet.cars.home)) / 300, abs=1e-4)
    assert facts["solar"]["capacity_kw"] == pytest.approx(fleet.pv_capacity_kw.sum(), abs=1e-3)
    assert sum(facts["category_share"].values()) == pytest.approx(1, abs=1e-3)
    json.dumps(facts)


def test_statistics_of_a_home_with_nothing_are_zeros() -> None:
    facts = describe(fleet_of([Prosumer()], 1))
    assert facts["adoption_share"]["nothing"] == 1.0 and facts["battery"]["size_kwh"] == {}
