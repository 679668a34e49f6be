"""The client address of a request: that of the peer, or the one that trusted proxies report."""

import json

import pytest

from badges.client_address import (
    address_behind_proxies,
    client_address,
    client_network,
    network_of,
)
from badges.models import RequestLog
from tests.api.conftest import EARN, basic

PEER = "127.0.0.1"


@pytest.mark.parametrize(
    ("trusted", "header", "address"),
    [
        (0, "192.0.2.1", PEER),
        (1, "", PEER),
        (1, "192.0.2.1", "192.0.2.1"),
        (1, "203.0.113.9, 192.0.2.1", "192.0.2.1"),
        (2, "203.0.113.9, 192.0.2.1,10.0.0.1", "192.0.2.1"),
        (2, "192.0.2.1", PEER),
        (1, "192.0.2.1:4711", "192.0.2.1"),
        (1, "2001:DB8::1", "2001:db8::1"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, '"[2001:db8::1]"', "2001:db8::1"),
        (1, "::ffff:192.0.2.1", "192.0.2.1"),
        (1, "unknown", PEER),
        (1, "fe80::1%eth0", PEER),
        (1, "192.0.2.1\0", PEER),
        (1, "192.0.2.1, ,", "192.0.2.1"),
        (1, " , ", PEER),
    ],
)
def test_forwarded_addresses_are_trusted_from_the_right(trusted, header, address):
    assert address_behind_proxies(PEER, header, trusted) == address


@pytest.mark.parametrize("header", ["", "unknown"])
@pytest.mark.parametrize("trusted", [0, 1])
@pytest.mark.parametrize(
    ("peer", "address"),
    [("::ffff:192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::1"), ("unix", "unix")],
)
def test_a_peer_on_ipv6_may_have_an_address_of_ipv4(settings, peer, address, trusted, header):
    """Otherwise all IPv4 clients would be in the same network and share one rate limit."""
    settings.TRUSTED_PROXIES = trusted
    meta = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": header}

    assert client_address(meta) == address
    assert client_network(meta) == network_of(address)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_a_rate_limit_counts_ipv6_networks(address, network):
    assert network_of(address) == network


@pytest.mark.parametrize(("trusted", "address"), [(0, PEER), (1, "192.0.2.1")])
@pytest.mark.parametrize("kind", ["sign in", "token", "no token", "call"])
def test_the_request_log_has_the_same_address_at_every_entry_point(
    client, integrator, settings, trusted, address, kind
):
    settings.TRUSTED_PROXIES = trusted
    headers = {"X-Forwarded-For": "203.0.113.9, 192.0.2.1"}
    asked = {"grant_type": "client_credentials"}
    if kind == "sign in":
        client.post("/admin/login/", {"username": "maria", "password": "x"}, headers=headers)
    elif kind == "call":
        client.post(EARN, {}, "application/json", headers=headers | basic("nobody"))
    else:
        who = "nobody" if kind == "no token" else integrator.client_id
        client.post("/o/token/", asked, headers=headers | basic(who))

    assert json.loads(RequestLog.objects.get().content)["address"] == address
