"""What homes are asked for and what is sold, in a market's own words.

Reserves are stored under the default market's names in every market: `kind` as `non-spinning reserve`, `product` as
`nonspin`.
"""

from __future__ import annotations

from vpp_core.iso import DEFAULT, Iso
from vpp_core.market.segments import ENERGY, PRODUCTS
from vpp_core.tables.messages import KINDS


def words_of(iso: Iso) -> dict[str, str]:
    """Stored kind or product → its word in this market: `nonspin` → `non-spin` in CAISO's, `ECRS` in ERCOT's."""
    energy, reserves = PRODUCTS[ENERGY], PRODUCTS[ENERGY + 1 :]
    words = {name: name for name in (*KINDS, energy)}
    for product, stored, own in zip(reserves, DEFAULT.products, iso.products, strict=True):
        words |= {product: own.short, stored.name: own.name}
    return words
