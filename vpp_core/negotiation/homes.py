"""What homes answer by their own tactics, each home by the one that it was given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vpp_core.fleet.draws import uniform
from vpp_core.fleet.fleet import CATEGORIES, Fleet, Floats, Ints
from vpp_core.negotiation.bargain import Bargain
from vpp_core.negotiation.decisions import Responses
from vpp_core.negotiation.rounds import RoundRecord
from vpp_core.negotiation.tactics import PERSONAS, Standing, tactic_of
from vpp_core.scenario import NegotiationRules


def tactics_of_homes(fleet: Fleet, rules: NegotiationRules) -> Ints | None:
    """Which of the scenario's home tactics (in the order of their names) each home follows, shape (N,); none where
    there is but one. A home is given its tactic by the fleet's seed, whoever its neighbours are.
    """
    names = sorted(rules.home_tactics)
    if len(names) == 1:
        return None
    shares = np.cumsum([rules.home_tactics[name] for name in names])
    return np.searchsorted(shares[:-1], uniform(fleet.seed, "tactic", fleet.home_id), side="right")


def own_tactic(
    bargain: Bargain,
    category: npt.NDArray[np.integer],
    rules: NegotiationRules,
    history: Sequence[RoundRecord] = (),
    which: Ints | None = None,
) -> Responses:
    """What homes answer by their own tactic: whoever is offered at least what it would ask next accepts.

    In the last round there is no next ask: what is not met is not agreed on. `which`: see `tactics_of_homes`.
    """
    if bargain.round >= rules.rounds:
        nobody = np.zeros(len(bargain.layout), dtype=bool)
        return Responses(nobody, bargain.ask_usd_per_mwh, nobody)
    following = next_ask(bargain, category, rules, history, which)
    accepts = bargain.open & (bargain.counter_usd_per_mwh >= following)
    return Responses(accepts, following, np.zeros_like(accepts))


def next_ask(
    bargain: Bargain,
    category: npt.NDArray[np.integer],
    rules: NegotiationRules,
    history: Sequence[RoundRecord] = (),
    which: Ints | None = None,
) -> Floats:
    """What each home would ask next, never below its reservation price nor above what it asks now."""
    home = bargain.layout.home
    patience = rules.home_patience_factor * np.array([PERSONAS[name].patience for name in CATEGORIES])[category]
    beta = np.array([PERSONAS[name].beta for name in CATEGORIES])[category]
    tactics = [tactic_of(name, "home") for name in sorted(rules.home_tactics)]
    watched = history if any(tactic.watches for tactic in tactics) else ()
    opening, reservation = bargain.opening_usd_per_mwh, bargain.reservation_usd_per_mwh
    room = opening - reservation
    asks = [*(record.ask_usd_per_mwh for record in watched), bargain.ask_usd_per_mwh]
    standing = Standing(
        gone=np.minimum(bargain.round / patience, 1.0)[home],
        rounds=rules.rounds,
        conceded=tuple(np.divide(opening - ask, room, out=np.zeros_like(room), where=room > 0) for ask in asks),
        other_usd_per_mwh=(*(record.counter_usd_per_mwh for record in watched), bargain.counter_usd_per_mwh),
        room_usd_per_mwh=room,
        concession_factor=rules.home_concession_factor,
        beta=beta[home],
    )
    shares = [np.broadcast_to(tactic.concede(standing), room.shape) for tactic in tactics]
    share = shares[0] if which is None else np.choose(which[home], shares)
    ask: Floats = np.minimum(opening - share * room, bargain.ask_usd_per_mwh)
    return np.maximum(ask, reservation)
