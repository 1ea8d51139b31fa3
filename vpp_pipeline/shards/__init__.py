"""Running a large fleet aggregation by aggregation: where that happens, what is done, and how it comes together.

A shard's result is kept in the lake when it is done (`shards/`, named after all that it was made from), so a run that
was killed goes on where it was, and workers need nothing but the lake.
"""
