"""One customer: search, page, timeline and enrolment."""
