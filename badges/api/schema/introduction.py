"""The introduction of the OpenAPI description: the first calls, the common rules, and the codes."""

from badges.errors import error_table

INTRODUCTION = """\
Badge operations of a loyalty programme.

## Start here

1. Get the client id and the secret of an integrator from an administrator. The secret is shown
   once.
2. Send both by HTTP Basic with each call, or get a token for 15 minutes:
   `curl -u CLIENT_ID:SECRET -d grant_type=client_credentials HOST/o/token`. On this page, use
   *Authorize*.
3. List the badges with `GET /api_gateway/v1/badges/badgeMeta`, and claim one for your reference
   with `POST /api_gateway/v1/badges/badgeMeta/{badgeId}/claim`.
4. Give it with `POST /api_gateway/v1/badges/customer/earn`. `triggeredBy` is the reference of the
   claim.

## Rules of all calls

- **Envelope.** Each response has `data`, `errors` and `warnings`. A success has no errors. A
  refusal has no data, and each error has a stable `code`, a `message` and, as `reference`, the path
  of the field.
- **Once.** Each `requestId` is accepted once. A repeated call is refused with 809, which contains
  the result of the first one for its integrator. A refused call does not use its id up: correct it
  and send it again.
- **Dates.** A field and its `...ISO` form have the same meaning, and the latter takes precedence.
  They are epoch seconds or RFC 3339; a date without an offset is in UTC. Responses are in UTC.
- **Unknown fields** are ignored and named in a warning with code 2006.
- **Temporary refusals.** After 429 and 503, wait for the seconds in `Retry-After`, and send the
  same call again.

## Codes

"""


def introduce(result, generator, request, public):
    """Set the description of the API as a whole (a hook of drf-spectacular)."""
    result["info"]["description"] = INTRODUCTION + error_table()
    return result
