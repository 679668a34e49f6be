"""The demo: its log-ins, its badges and the three months they were given in."""
