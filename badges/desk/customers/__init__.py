"""One customer: page, timeline and enrolment."""
