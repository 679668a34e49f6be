"""Earn badges: the command, the slow path that decides it, and the layers that save CPU time.

The slow path is correct alone. Each layer of the fast path only saves time, and leaves to the slow
path all earns that it cannot decide. `python -m tests.bench layers` measures what a layer saves.

module         what it does                                                     lines
command        the two records of an earn: the command, and the row to insert     140
earn           the two services: one customer, or a list                           80
slow_path      decides and writes in one transaction, with the ORM                 60
decisions      decides by the rules, with facts read through the ORM               85
preview        decides without writing, for the desk                              125
columns        columns and types of the inserts, derived from the models           45
bulk_insert    inserts the rows of a list in one statement                         55
fast_path      decides a single earn by the cached definition                     140
inserts        writes both rows in one statement, if the decision is current      150
locked_insert  locks, counts and writes in two round trips                        170
group_commit   writes the earns that wait for a lock in one transaction           145
prepared       runs prepared statements without the overhead of a cursor          165
"""
