"""The period's optimum with everything known: one linear program per home, and a certificate for each.

The bounds waive the fleet-wide limits (minimum and maximum bid) and all payments, so the fleet separates by home. Per
interval of length h, with the battery's charge c, discharge d, energy e, each car's charge and energy, and the meter's
import i and export x:

    maximise    Σ h · [ LMP · (x − i) − import price · i + export price · x − wear · d ] + end price · energy at the end
    subject to  x − i = PV − load + d − c − Σ cars          the meter
                e' = e + h · (η_c c − d / η_d)              the battery
                car' = car − trip + h · η car charge        each car; its need on board at each departure
    and, where preferences are obeyed,
                d ≤ min(P, netload⁺ + w P),  c ≤ min(P, surplus⁺ + w P),
                h · Σ_day (d − netload⁺)⁺ / η_d ≤ daily limit,  e ≥ min(backup, counterfactual)

It is a relaxation: at negative prices it may charge and discharge at once. Its value minus the counterfactual's is the
bound. The certificate is weak duality: from the solver's row duals y, reduced costs z = q − Aᵀy and the finite bounds
of every variable give a bound that holds whatever the solver did; the gap is primal minus dual.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.devices import Permission
from vpp_core.fleet.fleet import Floats
from vpp_core.market.inputs import Inputs
from vpp_core.physics.storage import self_consumption_kw, step_energy_kwh
from vpp_core.settlement.books import end_energy_prices
from vpp_core.settlement.trajectory import Trajectory

WORKERS = 2


def month_bound(inputs: Inputs, obeys: bool) -> tuple[Trajectory, float]:
    """The best trajectory of every home, and the sum of the homes' gaps [$]."""
    context = _Context.of(inputs, obeys)
    homes = np.flatnonzero(
        (inputs.batteries.max_power_kw > 0) | (np.bincount(inputs.cars.home, minlength=len(inputs.fleet)) > 0)
    )
    trajectory = Trajectory.empty(len(inputs.period), len(inputs.fleet), len(inputs.cars))
    trajectory.stored_kwh[:] = inputs.batteries.initial_kwh
    with ThreadPoolExecutor(WORKERS) as pool:
        gaps = list(pool.map(lambda home: _solve_home(context, int(home), trajectory), homes))
    before = trajectory.stored_before_kwh(inputs.batteries)
    b = inputs.batteries
    trajectory.default_kw[:] = self_consumption_kw(
        before, inputs.surplus_kw, b.backup_kwh, b.ceiling_kwh, b.max_power_kw, b.charge_efficiency,
        b.discharge_efficiency, INTERVAL_HOURS,
    )  # fmt: skip
    trajectory.car_default_kw[:] = trajectory.car_kw
    return trajectory, float(sum(gaps))


@dataclass(frozen=True)
class _Context:
    """What all homes share."""

    inputs: Inputs
    permission: Permission
    counterfactual_kwh: Floats
    battery_end_usd_per_kwh: Floats
    car_end_usd_per_kwh: Floats

    @classmethod
    def of(cls, inputs: Inputs, obeys: bool) -> _Context:
        permission = Permission.of(inputs.fleet, inputs.batteries, inputs.cars, obeys)
        return cls(inputs, permission, _counterfactual_kwh(inputs), *end_energy_prices(inputs))


def _counterfactual_kwh(inputs: Inputs) -> Floats:
    """Energy of batteries left alone at the end of each interval, shape (T, N)."""
    b = inputs.batteries
    energy, path = b.initial_kwh, np.empty_like(inputs.surplus_kw)
    for t, surplus in enumerate(inputs.surplus_kw):
        battery = self_consumption_kw(
            energy, surplus, b.backup_kwh, b.ceiling_kwh, b.max_power_kw, b.charge_efficiency,
            b.discharge_efficiency, INTERVAL_HOURS,
        )  # fmt: skip
        energy = step_energy_kwh(
            energy, np.maximum(-battery, 0), np.maximum(battery, 0), b.charge_efficiency, b.discharge_efficiency,
            INTERVAL_HOURS,
        )  # fmt: skip
        path[t] = energy
    return path


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
        """The blocks' values and the certified gap."""
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
        return values, float(cost @ x) - dual


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


def _solve_home(context: _Context, home: int, trajectory: Trajectory) -> float:
    """Solve one home and write its columns; returns its gap."""
    inputs = context.inputs
    program = _Program()
    intervals, h = len(inputs.period), INTERVAL_HOURS
    identity = sparse.eye_array(intervals, format="csr")
    lmp = inputs.lmp_usd_per_mwh / 1000
    buy, sell = inputs.import_usd_per_kwh[:intervals], inputs.export_usd_per_kwh[:intervals]
    cars = np.flatnonzero(inputs.cars.home == home)
    most = np.abs(inputs.surplus_kw[:, home]) + inputs.batteries.max_power_kw[home]
    most = most + inputs.cars.max_charge_kw[cars].sum()
    imported = program.variables(h * (lmp + buy), np.zeros(intervals), most)
    exported = program.variables(-h * (lmp + sell), np.zeros(intervals), most)
    meter = {imported: -identity, exported: identity}
    blocks = None
    if inputs.batteries.max_power_kw[home] > 0:
        blocks = _add_battery(program, context, home)
        meter |= {blocks[0]: identity, blocks[1]: -identity}
    car_blocks = [_add_car(program, context, int(car)) for car in cars]
    meter |= {charge: identity for charge, _ in car_blocks}
    surplus = inputs.surplus_kw[:, home]
    program.constrain(meter, surplus, surplus)
    values, gap = program.solve()
    if blocks is not None:
        charge, discharge, energy = (values[block] for block in blocks)
        trajectory.charge_kw[:, home], trajectory.discharge_kw[:, home] = charge, discharge
        trajectory.stored_kwh[:, home] = energy
    for car, (charge, energy) in zip(cars, car_blocks, strict=True):
        trajectory.car_kw[:, car], trajectory.car_kwh[:, car] = values[charge], values[energy]
    return gap


def _add_battery(program: _Program, context: _Context, home: int) -> tuple[int, int, int]:
    """Charge, discharge and end-of-interval energy of the home's battery."""
    inputs, allowed = context.inputs, context.permission
    b, h, intervals = inputs.batteries, INTERVAL_HOURS, len(inputs.period)
    power, surplus = b.max_power_kw[home], inputs.surplus_kw[:, home]
    solar, netload = np.maximum(surplus, 0.0), np.maximum(-surplus, 0.0)
    most_charge = most_discharge = np.full(intervals, power)
    floor = np.full(intervals, b.floor_kwh[home])
    if allowed.obeys:
        most_charge = np.minimum(power, solar + allowed.battery_power_kw[home])
        most_discharge = np.minimum(power, netload + allowed.battery_power_kw[home])
        floor = np.minimum(b.backup_kwh[home], context.counterfactual_kwh[:, home])
    zero = np.zeros(intervals)
    end = np.zeros(intervals)
    end[-1] = -context.battery_end_usd_per_kwh[home]
    charge = program.variables(zero, zero, most_charge)
    discharge = program.variables(np.full(intervals, h * b.wear_usd_per_kwh[home]), zero, most_discharge)
    energy = program.variables(end, floor, np.full(intervals, b.ceiling_kwh[home]))
    initial = np.zeros(intervals)
    initial[0] = b.initial_kwh[home]
    identity = sparse.eye_array(intervals, format="csr")
    program.constrain(
        {
            energy: _difference(intervals),
            charge: -h * b.charge_efficiency[home] * identity,
            discharge: h / b.discharge_efficiency[home] * identity,
        },
        initial,
        initial,
    )
    if allowed.obeys:
        beyond = program.variables(zero, zero, np.full(intervals, power))
        unlimited = np.full(intervals, np.inf)
        program.constrain({beyond: identity, discharge: -identity}, -netload, unlimited)
        days = inputs.period.day_of_interval
        per_day = sparse.csr_array(
            (np.full(intervals, h / b.discharge_efficiency[home]), (days, np.arange(intervals))),
            shape=(days[-1] + 1, intervals),
        )
        limit = np.full(days[-1] + 1, allowed.daily_kwh[home])
        program.constrain({beyond: per_day}, np.full_like(limit, -np.inf), limit)
    return charge, discharge, energy


def _add_car(program: _Program, context: _Context, car: int) -> tuple[int, int]:
    """Charge and end-of-interval energy of a car, its need on board wherever it leaves."""
    inputs, allowed = context.inputs, context.permission
    cars, h, intervals = inputs.cars, INTERVAL_HOURS, len(inputs.period)
    plugged = cars.plugged[:, car]
    most = np.where(plugged, cars.max_charge_kw[car], 0.0)
    least = np.zeros(intervals)
    floor = np.full(intervals, min(cars.floor_kwh[car], cars.initial_kwh[car]))
    leaves = np.flatnonzero(plugged[:-1] & ~plugged[1:])
    floor[leaves] = allowed.car_need_kwh[leaves, car]
    if plugged[-1]:
        floor[-1] = allowed.car_need_kwh[-1, car]
    ceiling = np.full(intervals, cars.target_kwh[car])
    if not allowed.car_movable[car]:
        most = least = cars.counterfactual_kw[:, car]
    end = np.zeros(intervals)
    end[-1] = -context.car_end_usd_per_kwh[car]
    charge = program.variables(np.zeros(intervals), least, most)
    energy = program.variables(end, np.minimum(floor, ceiling), ceiling)
    start = -cars.trip_kwh[:, car]
    start[0] += cars.initial_kwh[car]
    identity = sparse.eye_array(intervals, format="csr")
    program.constrain(
        {energy: _difference(intervals), charge: -h * cars.charge_efficiency[car] * identity}, start, start
    )
    return charge, energy


def _difference(intervals: int) -> sparse.sparray:
    """Matrix of e_t − e_{t−1}."""
    return sparse.diags_array([np.ones(intervals), -np.ones(intervals - 1)], offsets=[0, -1], format="csr")
