"""What a run says: KPIs, intervals, the split of the gap, claims put to the test, and reports for people.

Everything here reads result tables and makes tables or bytes; nothing here decides, settles or touches a disk
(`database` alone writes, to the path it is given). No clock and no dice: the same results make the same bytes.
"""
