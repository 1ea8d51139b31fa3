"""What an offer costs the VPP: a bill's fall counts where one commands, and not where one negotiates."""

from __future__ import annotations

import numpy as np
import pytest

from tests.invented import invented_inputs
from vpp_core.dispatch.offers import Offers, markups_usd_per_kwh
from vpp_core.market.inputs import Inputs
from vpp_core.scenario.retail import PRIME_NET_METERED, RETAIL_TARIFFS
from vpp_core.simulation import simulate


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    """Homes whose exports of the evening are credited with more than twice what an import of the night costs."""
    tariff = RETAIL_TARIFFS[PRIME_NET_METERED].tariff
    return invented_inputs(homes=12, days=3, month="2023-08", seed=4, lmp=40.0, reserve=np.nan, tariffs=(tariff,))


@pytest.mark.parametrize(("counts", "above_usd_per_kwh"), [(True, 0.07), (False, 0.29)])
def test_what_is_owed_comes_on_top_of_a_bill_that_falls_only_where_bills_count(
    inputs: Inputs, counts: bool, above_usd_per_kwh: float
) -> None:
    layout = inputs.layout
    ones = np.ones((3, layout.stores))
    owed = np.full(layout.stores, 0.07)
    offers = Offers.of_energy(layout, ones, -0.25 * ones, -0.22 * ones, owed, owed, owed / owed, counts)
    markups = markups_usd_per_kwh(layout, offers, offers.reservation_usd_per_mwh)
    np.testing.assert_allclose(markups[0], above_usd_per_kwh)
    later = offers.later_usd_per_mwh(layout)[layout.sell]
    np.testing.assert_allclose(later, 30.0 - 250.0 * counts, atol=0.02)


def test_with_exact_forecasts_batteries_do_most_of_what_the_bound_does_for_bills(inputs: Inputs) -> None:
    plan, bound = simulate(inputs, ["perfect_forecast", "perfect_foresight_aware"])
    assert plan.windows.surplus_usd.sum() > 0.7 * bound.windows.surplus_usd.sum() > 5.0
