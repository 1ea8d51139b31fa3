"""Where input data comes from: the only folder of the core that reads files and web services.

`prices`, `solar` and `load` each give one table of `vpp_core.tables`, choosing among what a person dropped into the
lake's raw folder, what was fetched before, live services, and a seeded model; every row says which it was. The models
(`synthetic_prices`, `solar_model`, `load_model`) share one `weather`.
"""
