"""The client address of a request, behind the number of proxies that the settings trust."""

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings


def client_address(meta: Mapping[str, str]) -> str:
    """Return the client address from the environment of a request."""
    return address_behind_proxies(
        meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR", ""), settings.TRUSTED_PROXIES
    )


def client_network(meta: Mapping[str, str]) -> str:
    """Return the key by which rate limits count the client of a request."""
    return network_of(client_address(meta))


def address_of_request(request) -> str | None:
    """Return the client address for django-axes, whose column accepts only addresses."""
    return client_address(request.META) or None


def address_behind_proxies(peer: str, forwarded_for: str, trusted_proxies: int) -> str:
    """Return the address that the outermost of the trusted proxies saw.

    Each proxy appends the address of its peer to `X-Forwarded-For`, so only the last
    `trusted_proxies` entries are reliable; the client may have sent the others. The address of the
    peer is used if there are fewer entries, or if the relevant entry is not an address. A server
    that listens on IPv6 sees an IPv4 client as `::ffff:192.0.2.1`.
    """
    entries = [entry for entry in forwarded_for.split(",") if entry.strip()]
    if not trusted_proxies or len(entries) < trusted_proxies:
        return _parsed(peer) or peer
    return _parsed(entries[-trusted_proxies]) or _parsed(peer) or peer


def network_of(address: str) -> str:
    """Return the key of an address for rate limits: for IPv6 its /64, which one client may use."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed.packed, 64), strict=False))
    return address


def _parsed(entry: str) -> str | None:
    """Return the address of an entry, or None; some proxies append the port."""
    text = entry.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id:
            return None
        return str(address.ipv4_mapped or address)
    return str(address)
