"""The homes: device and preference columns, the population they are drawn from, and their cars' days.

Columns: `fleet`, `population` (from `assumptions`, by `draws`), `mobility`. Every device that holds energy, as one
table: `stores`, made by `kinds`, and what may be done with it, `permission`; `devices` shows them as batteries and
cars. Models of one household: `bess`, `ev`, `appliance`, `pv`, `prosumer` (rules of all in `strict`). Between them and
out: `convert`, `storage`, `export`, `statistics`. From plain words: `text`.
"""
