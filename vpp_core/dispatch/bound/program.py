"""A home's month as a linear program: the reference formulation, and the way out where a faster one falls short.

With each store's charge c, discharge d (the part d' that counts towards the daily limit apart) and energy e, and the
meter's import i and export x, and reserve r where it is sold, per interval of length h:

    maximise    Σ h · [ export price · x − import price · i − wear · (d + d') + reserve price · r ]
                + end price · energy at the end + pay of programmes for a battery · (d + d' − c)
    subject to  x − i = surplus + Σ stores (d + d' − c)
                e = e before − trip + h · (η_c c − (d + d') / η_d)
                h · Σ_day d' / η_d ≤ daily limit
                d + d' + r ≤ most discharge                       but from a call to the end of its window
                e − floor ≥ r · energy that sustains a kW         but from a call to the end of its window

and bounds on every variable. Where exporting earns more than importing costs, that would import and export at once, so
in these intervals each flow has a part in a share z of the interval that exports, and the rest in the other share,
1 − z, that imports; with n the surplus before stores move, c, d and their parts c_E, d_E (d' likewise):

                x = n · z + Σ stores (d_E − c_E)         so that i = −n · (1 − z) + Σ stores (c − c_E − d + d_E)
                c_E ≤ c ≤ c_E + most charge · (1 − z)    c_E ≤ most charge · z

With z at 0 or 1 that is the meter; between, it is the hull of both, so its value is an upper bound.

The certificate is weak duality: from the solver's row duals y, reduced costs q − Aᵀy and the finite bounds of every
variable give a bound that holds whatever the solver did.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.bound.homes import Home, Reserve, Schedule, Store
from vpp_core.fleet.fleet import Bools, Floats, Ints


def solve_program(home: Home) -> tuple[list[Schedule], float]:
    """The best schedule of each of a home's stores, and an upper bound of the home's earnings [$]."""
    return solve_split(home)[:2]


def solve_split(home: Home) -> tuple[list[Schedule], float, Floats]:
    """The same, and the share of each interval that exports, (T,), where exporting earns more than importing costs."""
    program = _Program()
    intervals, h = len(home.net_generation_kw), INTERVAL_HOURS
    identity = sparse.eye_array(intervals, format="csr")
    most = np.abs(home.net_generation_kw) + sum(store.max_charge_kw + store.max_discharge_kw for store in home.stores)
    imported = program.variables(h * home.import_usd_per_kwh, np.zeros(intervals), most)
    exported = program.variables(-h * home.export_usd_per_kwh, np.zeros(intervals), most)
    meter = {imported: -identity, exported: identity}
    blocks = [_add_store(program, store, home.day) for store in home.stores]
    for charge, discharges, _ in blocks:
        meter |= {charge: identity, **{discharge: -identity for discharge in discharges}}
    program.constrain(meter, home.net_generation_kw, home.net_generation_kw)
    above = home.export_usd_per_kwh > home.import_usd_per_kwh
    exports = _add_sides(program, home, above, exported, blocks) if above.any() else None
    values, min_cost = program.solve()
    schedules = []
    for store, (charge, discharges, energy) in zip(home.stores, blocks, strict=True):
        discharge = sum((values[d] for d in discharges), np.zeros(intervals))
        held = store.held_kw(discharge, values[energy])  # the solver's, but for its rounding
        schedules.append(Schedule(values[charge], discharge, values[energy], held))
    share = np.zeros(intervals)
    if exports is not None:
        share[above] = values[exports]
    return schedules, -min_cost, share


def _add_sides(
    program: _Program, home: Home, here: Bools, exported: int, blocks: list[tuple[int, list[int], int]]
) -> int:
    """Split the intervals `here`, in which exporting earns more than importing costs, into a part that exports and one
    that imports; the block of the shares that export.
    """
    above = np.flatnonzero(here)
    count = len(above)
    one = sparse.eye_array(count, format="csr")
    pick = sparse.csr_array((np.ones(count), (np.arange(count), above)), shape=(count, len(here)))
    without, zero = np.full(count, -np.inf), np.zeros(count)

    def times(values: Floats) -> sparse.sparray:
        return sparse.csr_array(sparse.diags_array([values], offsets=[0]))

    share = program.variables(zero, zero, np.ones(count))
    sides = {exported: pick, share: times(-home.net_generation_kw[above])}
    for charge, discharges, _ in blocks:
        for block in (charge, *discharges):
            most = program.upper[block][above]
            exporting = program.variables(zero, zero, most)
            program.constrain({exporting: one, share: times(-most)}, without, zero)
            program.constrain({exporting: one, block: -pick}, without, zero)
            program.constrain({block: pick, exporting: -one, share: times(most)}, without, most)
            sides[exporting] = one if block == charge else -one
    program.constrain(sides, zero, zero)
    return share


def _add_store(program: _Program, store: Store, day: Ints) -> tuple[int, list[int], int]:
    """Blocks of a store: charge, discharge (free, and beyond where that is limited; none of a car's), energy."""
    h, intervals = INTERVAL_HOURS, len(day)
    zero, identity = np.zeros(intervals), sparse.eye_array(intervals, format="csr")
    end = np.zeros(intervals)
    end[-1] = -store.end_usd_per_kwh
    paid = zero if store.paid_usd_per_kwh is None else h * store.paid_usd_per_kwh
    wear = np.full(intervals, h * store.wear_usd_per_kwh) - paid
    charge = program.variables(paid, zero, store.max_charge_kw)
    energy = program.variables(end, store.floor_kwh, store.ceiling_kwh)
    discharges = []
    if np.isfinite(store.daily_kwh):
        free = np.minimum(store.free_discharge_kw, store.max_discharge_kw)
        discharges = [
            program.variables(wear, zero, free),
            program.variables(wear, zero, store.max_discharge_kw - free),
        ]
        per_day = sparse.csr_array(
            (np.full(intervals, h / store.discharge_efficiency), (day, np.arange(intervals))),
            shape=(day[-1] + 1, intervals),
        )
        limit = np.full(day[-1] + 1, store.daily_kwh)
        program.constrain({discharges[1]: per_day}, np.full_like(limit, -np.inf), limit)
    elif store.max_discharge_kw.max() > 0:
        discharges = [program.variables(wear, zero, store.max_discharge_kw)]
    start = -store.trip_kwh
    start[0] += store.initial_kwh
    difference = sparse.diags_array([np.ones(intervals), -np.ones(intervals - 1)], offsets=[0, -1], format="csr")
    taken = {discharge: h / store.discharge_efficiency * identity for discharge in discharges}
    program.constrain({energy: difference, charge: -h * store.charge_efficiency * identity, **taken}, start, start)
    if store.reserve:
        _add_reserve(program, store, store.reserve, discharges, energy)
    return charge, discharges, energy


def _add_reserve(program: _Program, store: Store, reserve: Reserve, discharges: list[int], energy: int) -> None:
    intervals = len(reserve.max_kw)
    identity = sparse.eye_array(intervals, format="csr")
    held = program.variables(-INTERVAL_HOURS * reserve.usd_per_kw_h, np.zeros(intervals), reserve.max_kw)
    without = np.full(intervals, -np.inf)
    headroom = np.where(reserve.checked, store.max_discharge_kw, np.inf)
    program.constrain({held: identity, **{d: identity for d in discharges}}, without, headroom)
    sustained = np.where(reserve.checked, -store.floor_kwh, np.inf)
    per_kw = sparse.diags_array([reserve.sustain_kwh_per_kw], offsets=[0], format="csr")
    program.constrain({held: per_kw, energy: -identity}, without, sustained)


class _Program:
    """A linear program built from blocks of variables and rows; minimises."""

    def __init__(self) -> None:
        self.cost: list[Floats] = []
        self.lower: list[Floats] = []
        self.upper: list[Floats] = []
        self.rows: list[tuple[dict[int, sparse.sparray], Floats, Floats]] = []

    def variables(self, cost: Floats, lower: Floats, upper: Floats) -> int:
        """Add a block; returns its number."""
        self.cost.append(cost)
        self.lower.append(lower)
        self.upper.append(upper)
        return len(self.cost) - 1

    def constrain(self, terms: dict[int, sparse.sparray], lower: Floats, upper: Floats) -> None:
        """Σ matrix · block within lower … upper."""
        self.rows.append((terms, lower, upper))

    def solve(self) -> tuple[list[Floats], float]:
        """The blocks' values, and a lower bound of the cost that no solution can be below."""
        import highspy

        blocks = range(len(self.cost))
        sizes = [len(cost) for cost in self.cost]
        matrix = sparse.vstack(
            [
                sparse.hstack([terms.get(j, sparse.csr_array((len(low), sizes[j]))) for j in blocks])
                for terms, low, _ in self.rows
            ],
            format="csc",
        )
        cost, lower, upper = (np.concatenate(parts) for parts in (self.cost, self.lower, self.upper))
        row_lower = np.concatenate([low for _, low, _ in self.rows])
        row_upper = np.concatenate([high for _, _, high in self.rows])
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(cost), len(row_lower)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, lower, upper
        lp.row_lower_, lp.row_upper_ = row_lower, row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
        solver = highspy.Highs()
        solver.silent()
        solver.setOptionValue("threads", 1)
        solver.passModel(lp)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(f"the bound's program ended {solver.modelStatusToString(solver.getModelStatus())}")
        solution = solver.getSolution()
        x = np.clip(np.asarray(solution.col_value), lower, upper)
        dual = _dual_bound(np.asarray(solution.row_dual), cost, matrix, lower, upper, row_lower, row_upper)
        values = np.split(x, np.cumsum(sizes)[:-1])
        return values, dual


def _dual_bound(
    y: Floats,
    cost: Floats,
    matrix: sparse.csc_array,
    lower: Floats,
    upper: Floats,
    row_lower: Floats,
    row_upper: Floats,
) -> float:
    """A lower bound of the minimum by weak duality, valid for any y; multipliers of absent sides are dropped."""
    y = np.where((y > 0) & np.isinf(row_lower), 0.0, np.where((y < 0) & np.isinf(row_upper), 0.0, y))
    side = np.where(y > 0, row_lower, row_upper)
    rows = float(y @ np.where(y == 0, 0.0, side))
    reduced = cost - matrix.T @ y
    return rows + float(np.minimum(reduced * lower, reduced * upper).sum())
