"""The homes: device and preference columns, the population they are drawn from, and their cars' days."""
