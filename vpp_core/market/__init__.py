"""The market as a price taker meets it: forecasts at gate closure, bids as price–quantity segments, clearing."""
