"""Sources: what the sun, the homes and the market did, and what was known of prices beforehand."""

import dagster as dg
import pandas as pd

from vpp_pipeline.assets.pictures import with_picture
from vpp_pipeline.assets.preview import forecast_metadata, load_metadata, price_metadata, solar_metadata
from vpp_pipeline.assets.spec import described
from vpp_pipeline.io import LakeResource
from vpp_pipeline.recipe import raw_digest
from vpp_pipeline.stage import Stage


@dg.asset(
    **described(
        "market_prices",
        "sources",
        {"python", "caiso"},
        "A market's real-time (15-minute), day-ahead and reserve prices at one node, in $/MWh and $/MW per h. "
        "From files in the market's raw folder (raw/oasis, raw/ercot), what was fetched, live services, or a seeded "
        "model; each row says which.",
    )
)
def market_prices(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    from vpp_core.sources import prices
    from vpp_core.sources.raw_files import strays

    stage = Stage.of(context, lake)
    return stage.table(
        lambda: prices.market_prices(
            stage.scenario, stage.month, stage.lake.raw, refresh=stage.refetch, unread=stage.unread
        ),
        extra=lambda: [
            *raw_digest(stage.lake.raw, stage.asset),
            *(str(stray) for stray in strays(stage.lake.raw)),
        ],
        describe=with_picture(stage, price_metadata, "market"),
    )


@dg.asset(
    **described(
        "solar_generation",
        "sources",
        {"python"},
        "What one installed kW of rooftop solar generates at each orientation, in kW per kW (DC).",
    )
)
def solar_generation(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    from vpp_core.sources import solar

    stage = Stage.of(context, lake)
    return stage.table(
        lambda: solar.solar_generation(stage.scenario, stage.month, stage.lake.raw, refresh=stage.refetch),
        extra=lambda: raw_digest(stage.lake.raw, stage.asset),
        describe=with_picture(stage, solar_metadata, "solar"),
    )


@dg.asset(
    **described(
        "load_profiles",
        "sources",
        {"python"},
        "What the homes use apart from battery, car and sun, in kW.",
    )
)
def load_profiles(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    from vpp_core.sources import load

    stage = Stage.of(context, lake)
    return stage.table(
        lambda: load.load_table(stage.scenario, stage.month, stage.lake.raw, stage.unread),
        extra=lambda: raw_digest(stage.lake.raw, stage.asset),
        describe=with_picture(stage, load_metadata, "load"),
    )


@dg.asset(
    **described(
        "price_forecast",
        "sources",
        {"python"},
        "The price forecast every strategy bids with, in $/MWh: made from prices published by then, no others.",
    )
)
def price_forecast(
    context: dg.AssetExecutionContext, lake: LakeResource, market_prices: pd.DataFrame
) -> dg.MaterializeResult:
    from vpp_core.market import forecast

    stage = Stage.of(context, lake)

    def compute() -> pd.DataFrame:
        period = stage.scenario.known_period(stage.month, len(market_prices))
        table = forecast.price_forecast(market_prices, period, stage.scenario.market)
        stage.notes |= {name: float(value) for name, value in forecast.forecast_error(table, market_prices).items()}
        return table

    return stage.table(compute, describe=lambda made, image: forecast_metadata(made, image, stage.scenario.operator))
