"""The theoretical limit: the same two rows, in the same tables with the same indexes."""

from collections.abc import Sequence

# The size of a typical request. Its real text has colons, which pgbench would read as variables.
BYTES_OF_CONTENT = 190
STATEMENT = """
\\set badge random(1, {count})
\\set customer random(1, 50000000)
\\set number random(1, 9000000000000000000)
\\set fact random(1, 9000000000000000000)
WITH request AS (
    INSERT INTO badges_requestlog (operation, channel, integrator_id, request_id, fingerprint,
        content, reason, badge_id, customer_id, outcome, errors, received_at, recorded_at)
    SELECT 'EARN', 'API', {integrator}, 'limit-' || :number::bigint, repeat('f', 64),
        repeat('x', {content}), '',
        (ARRAY[{badges}])[:badge::int], :customer::bigint, 'ACCEPTED', '[]', now(), now()
    RETURNING id, badge_id
)
INSERT INTO badges_earnedbadge (id, badge_id, customer_id, event_at, expires_at, owner_type,
    reference_id, request_id, earned_at)
SELECT lpad(to_hex(:fact::bigint), 24, '0'), badge_id, :customer::bigint, '2026-01-15',
    '2126-01-15', 'Loyalty', '123694', id, now()
FROM request;
"""


def statement(badges: Sequence[str], integrator: int) -> str:
    """Return the script for pgbench."""
    quoted = ", ".join(f"'{badge}'" for badge in badges)
    return STATEMENT.format(
        count=len(badges), badges=quoted, integrator=integrator, content=BYTES_OF_CONTENT
    )
