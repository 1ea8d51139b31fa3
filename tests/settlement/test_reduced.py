"""What is kept of all households says what their days say."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.invented import invented_inputs
from vpp_core.settlement.reduced import added_up, household_months, household_totals
from vpp_core.simulation import simulate
from vpp_core.tables import HOUSEHOLD_MONTHS, HOUSEHOLD_TOTALS
from vpp_core.tables.outcome import A_CENT, SATISFACTION_COMPONENTS


@pytest.fixture(scope="module")
def days() -> pd.DataFrame:
    """Eight homes' days under central control that ignores preferences, which breaches and costs some."""
    inputs = invented_inputs(homes=8, days=2, seed=3, lmp=None)
    return simulate(inputs, ["centralized"])[0].households


def test_a_month_is_a_household_s_days_added_up(days: pd.DataFrame) -> None:
    months = household_months(days).set_index("home_id")
    by_home = days.groupby("home_id")
    for name in ("household_gain_usd", "bill_change_usd", "offered_kwh", "violations_power"):
        assert months[name].to_dict() == pytest.approx(by_home[name].sum().to_dict()), name
    assert months["satisfaction"].to_dict() == pytest.approx(by_home["satisfaction"].mean().to_dict(), nan_ok=True)
    assert list(months["gain_by_day_usd"][0]) == list(days.loc[days["home_id"] == 0, "household_gain_usd"])
    HOUSEHOLD_MONTHS.pandera.validate(HOUSEHOLD_MONTHS.arrow(household_months(days)).to_pandas())


def test_strategies_are_told_apart(days: pd.DataFrame) -> None:
    another = days.assign(strategy="another", household_gain_usd=1.0)
    both = household_months(pd.concat([days, another], ignore_index=True))
    for own in (another, days):
        found = both[both["strategy"] == own["strategy"].iloc[0]].reset_index(drop=True)
        pd.testing.assert_frame_equal(found, household_months(own))


def test_totals_of_a_day_are_its_households_by_the_components_that_apply(days: pd.DataFrame) -> None:
    totals = household_totals(days)
    HOUSEHOLD_TOTALS.pandera.validate(HOUSEHOLD_TOTALS.arrow(totals).to_pandas())
    assert totals["homes"].sum() == len(days)
    assert totals["worse_off"].sum() == (days["household_gain_usd"] <= -A_CENT).sum()
    for name in SATISFACTION_COMPONENTS:
        column = f"satisfaction_{name}"
        assert totals[column].sum() == pytest.approx(days[column].sum()), name
        applies = totals["components"].str.split(",").map(lambda own, name=name: name in own)
        assert totals.loc[applies, "homes"].sum() == days[column].notna().sum(), name
        assert totals.loc[~applies, column].isna().all(), name


def test_totals_of_parts_added_up_are_those_of_the_whole(days: pd.DataFrame) -> None:
    odd = days["home_id"] % 2 == 1
    parts = pd.concat([household_totals(days[odd]), household_totals(days[~odd])], ignore_index=True)
    whole, again = household_totals(days), added_up(parts)
    assert again["homes"].tolist() == whole["homes"].tolist()
    assert again["satisfaction"].to_numpy() == pytest.approx(whole["satisfaction"].to_numpy(), nan_ok=True)
