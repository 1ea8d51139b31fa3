"""What a stored table is made from, as a digest: its code, its scenario, its tables, its raw files.

Where the recipe of a stored table is still that of its stage, nothing is computed. So it must hold everything that can
change the table, and should hold nothing else. All of it is derived: which code and which libraries, from imports
(`calls`, `graph`, `source`); which raw folders, from who imports their names (`raw`); which fields of a scenario, by
handing a stage no others (`reads`). `tables` puts it together.
"""

from vpp_pipeline.recipe.code import code_version
from vpp_pipeline.recipe.raw import raw_digest, raw_folders
from vpp_pipeline.recipe.reads import as_read_by, fields_read
from vpp_pipeline.recipe.tables import WORLD, recipe_of, registered

__all__ = [
    "WORLD",
    "as_read_by",
    "code_version",
    "fields_read",
    "raw_digest",
    "raw_folders",
    "recipe_of",
    "registered",
]
