"""Fleets of any size as shards: homes couple only within their aggregation, so each aggregation is run by itself.

A shard is one aggregation. What it leaves behind is its outcomes table; `merged` makes the fleet's of them, in the
order of the aggregations, so that the result does not depend on where and in which order shards were run.
"""
