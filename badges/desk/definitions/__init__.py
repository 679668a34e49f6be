"""Badge definitions at the desk: found, read, written in steps, claimed and switched."""
