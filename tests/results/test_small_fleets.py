"""The report of one home, of homes with nothing to move, and of strategies that do the same."""

from dataclasses import replace

import numpy as np

from tests.results.ladders import LOSES
from vpp_core.results.answer import answer
from vpp_core.results.households import category_table
from vpp_core.results.one_day import chosen_day
from vpp_core.results.sentences import observations
from vpp_core.results.text import NONE


def test_where_no_day_differs_negotiating_is_said_to_give_up_nothing(run_of):
    idle = {"no_vpp": 0.0, "negotiated": 0.0, "centralized_aware": 0.0, "centralized": 8.0}
    (first, *_) = answer(run_of(idle, days=4))
    same = "(the same whichever days are drawn)"
    assert (
        f"negotiating gave up nothing against commanding the same homes within their preferences {same} and $" in first
    )
    assert " against commanding them whatever they prefer (" in first and "cannot tell" not in first


def test_a_fleet_without_anything_to_move_is_said_to_have_nothing(run_of):
    run = run_of(dict.fromkeys(LOSES, 0.0), days=2, homes=3)
    bare = replace(run.fleet, bess_capacity_kwh=np.zeros(3))
    assert answer(replace(run, fleet=bare)) == [
        "None of the 3 homes has a battery, an electric car or an appliance whose energy a VPP could move, so every "
        "strategy leaves all as it is."
    ]


def test_a_fleet_of_one_home_is_told_without_medians_shares_and_plurals(run_of):
    run = run_of(days=4, homes=1)
    told = " ".join([*answer(run), *observations(run), chosen_day(run)[1]])
    for odd in ("median", "households", "same homes", "commanding them", "leaves them", "Their", "On average"):
        assert odd not in told, odd
    for said in (
        "against commanding the same home within its preferences (",
        " against commanding it whatever it prefers (",
        "The household gained $",
        "Its satisfaction, from 0 to 1, is ",
        "It is the only home whose intervals are kept.",
    ):
        assert said in told, said
    everyone = category_table(run).query("strategy == 'negotiated' and category == 'all'").iloc[0]
    assert everyone["Gini"] == everyone["Jain"] == NONE
