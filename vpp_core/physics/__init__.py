"""Devices and the meter as functions of bare numbers or whole columns, the same code for both.

Every function is made of element-wise numpy operations, so that it serves a single device, a fleet, and (compiled
as it stands) the inner loops of `dispatch`. Power is in kW, energy in kWh stored, `hours` the length of the interval.
"""
