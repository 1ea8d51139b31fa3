"""Negotiators from outside: one's own in two methods as home, and one of NegMAS (pip install negmas) as aggregator.

python examples/outside_negotiator.py                                           the library, two days of ten homes
VPP_STRATEGIES=examples/outside_negotiator.py vpp run --month 2023-08 --scenario negmas   with "negotiation":
    {"mechanism": "negmas"} in data_lake/scenarios/negmas.json
"""

from __future__ import annotations

from typing import Any

from vpp_core.negotiation.mechanisms import MECHANISMS, register
from vpp_core.negotiation.outside import Talk, outside

PRICES = 21
"""Prices that are bargained about, evenly spaced from nothing to the home's first ask, or the limit if that is more."""


class Halfway:
    """A home that takes whatever is no less than the middle between its price and its first ask, and asks for that."""

    def __init__(self, talk: Talk) -> None:
        self._wanted = (talk.limit_usd_per_mwh + talk.bid.minimum_price_usd_per_mwh) / 2

    def respond(self, talk: Talk) -> bool:
        return talk.counter_offer is not None and talk.counter_offer.price_usd_per_mwh >= self._wanted

    def propose(self, talk: Talk) -> float:
        return self._wanted


class NegmasAggregator:
    """Any SAO negotiator of NegMAS as the aggregator: a bargain about one price, on a grid.

    NegMAS alternates: the home's ask is put to it as an offer, which it accepts or answers with one of its own.
    """

    def __init__(self, talk: Talk, kind: str = "MiCRONegotiator", **options: Any) -> None:
        import negmas

        self._limit = max(talk.limit_usd_per_mwh, 0.0)
        self._step = max(self._limit, talk.bid.minimum_price_usd_per_mwh, 1.0) / (PRICES - 1)
        least = PRICES - 1 - self._limit / self._step  # what it has of an agreement at its limit
        self._bargain = negmas.SAOMechanism(issues=[negmas.make_issue(PRICES)], n_steps=talk.rounds + 1)
        space = self._bargain.outcome_space
        theirs = negmas.MappingUtilityFunction(lambda at: float(at[0]), outcome_space=space, reserved_value=0.0)
        own = negmas.MappingUtilityFunction(lambda at: PRICES - 1.0 - at[0], outcome_space=space, reserved_value=least)
        self._home = _home()
        self._bargain.add(self._home, ufun=theirs)
        self._bargain.add(getattr(negmas, kind)(**options), ufun=own)
        self._price = 0.0

    def respond(self, talk: Talk) -> bool:
        """Put the ask to it as an offer."""
        ask = talk.bid.minimum_price_usd_per_mwh
        self._home.offer = (min(round(ask / self._step), PRICES - 1),)
        state = self._bargain.step()
        if state.agreement is not None:
            return ask <= self._limit  # the grid's nearest price may lie below it
        self._price = state.current_offer[0] * self._step if state.current_offer else self._price
        return False

    def propose(self, talk: Talk) -> float:
        return min(self._price, talk.bid.minimum_price_usd_per_mwh)


def _home() -> Any:
    """A NegMAS negotiator that says what it is told to say."""
    import negmas

    class Said(negmas.SAONegotiator):
        """Says to a NegMAS negotiator what the home has said."""

        offer: tuple[int, ...] = (PRICES - 1,)

        def propose(self, state: Any, dest: str | None = None) -> Any:
            return self.offer

        def respond(self, state: Any, source: str | None = None) -> Any:
            return negmas.ResponseType.REJECT_OFFER

    return Said()


for _mechanism in (
    outside("halfway", home=Halfway, about="homes that ask for the middle and take no less"),
    outside("negmas", aggregator=NegmasAggregator, about="MiCRO of NegMAS as the aggregator"),
    outside("negmas_boulware", aggregator=lambda talk: NegmasAggregator(talk, "BoulwareTBNegotiator")),
):
    if _mechanism.key not in MECHANISMS:
        register(_mechanism)


def main() -> None:
    """What each mechanism's aggregator gets of what could be gained, by the verifier."""
    from pathlib import Path

    import pandas as pd

    from vpp_core.calendar import Month
    from vpp_core.fleet.population import generate_fleet
    from vpp_core.market.forecast import price_forecast
    from vpp_core.negotiation.verifier import negotiator_scores, offers_judged
    from vpp_core.scenario import MarketRules, NegotiationRules, Scenario
    from vpp_core.simulation import Inputs, simulate
    from vpp_core.sources import load, prices, solar

    month, raw, scores = Month.parse("2023-08"), Path("data_lake/raw"), []
    for mechanism in ("bilateral", "halfway", "negmas", "negmas_boulware"):
        scenario = Scenario(
            name="tiny", homes=10, first_days=1, source="synthetic", market=MarketRules(minimum_bid_mw=0.0),
            negotiation=NegotiationRules(mechanism=mechanism, rounds=10),
        )  # fmt: skip
        lmp = prices.market_prices(scenario, month, raw)
        forecast = price_forecast(lmp, scenario.known_period(month), scenario.market)
        sun, use = solar.solar_generation(scenario, month, raw), load.load_profiles(scenario, month, raw)
        inputs = Inputs.build(scenario, month, lmp, forecast, sun, use, generate_fleet(10, 42))
        said: list[pd.DataFrame] = []
        simulate(inputs, ["negotiated"], messages=lambda rows, said=said: said.append(offers_judged(rows)))
        own = negotiator_scores(pd.concat(said), mechanism, str(month), scenario.name)
        scores.append(own[own["side"] == "aggregator"])
    shown = ["negotiator", "product", "offers", "agreed", "score_percent", "joint_percent", "irrational_offers"]
    print(pd.concat(scores)[shown].round(1).to_string(index=False))  # noqa: T201


if __name__ == "__main__":
    main()
