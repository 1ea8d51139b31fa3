"""The orchestrator's side: Dagster assets, checks, jobs and schedules over `vpp_core`, and the command line.

`lake` knows files and no Dagster; `assets` call the core once each; `cli` imports Dagster only when a command runs it.
A large fleet is run in `shards`; of a small one's month a second process takes strategies `ahead`.
"""
