"""The month's bound, home by home: what a home may do, the linear program of it (the reference), and faster exact ways
where a home's structure admits one. Each brings a certificate: no feasible schedule earns more than primal plus gap.
"""
