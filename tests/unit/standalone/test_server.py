"""Who may be reached from where, and at which address."""

import socket
from pathlib import Path

import pytest

from standalone.system.http_protocol import DEFAULT_LIMITS
from standalone.system.server import UnusableAddressError, address_of, bound_host, is_loopback, listen, serving

has_ipv6 = pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="no IPv6 here")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost", True),
        ("::ffff:10.0.0.1", False),
        ("", False),
    ],
)
def test_only_loopback_addresses_count_as_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("host", "bound", "address"),
    [
        ("127.0.0.1", "127.0.0.1", "http://127.0.0.1"),
        ("127.9.9.9", "127.9.9.9", "http://127.9.9.9"),
        ("localhost", "127.0.0.1", "http://127.0.0.1"),
        ("0.0.0.0", "0.0.0.0", "http://127.0.0.1"),
        pytest.param("::", "::", "http://[::1]", marks=has_ipv6),
        pytest.param("::1", "::1", "http://[::1]", marks=has_ipv6),
    ],
)
def test_a_bound_address_is_told_as_it_is_reached_with_the_port_that_was_free(
    host: str, bound: str, address: str
) -> None:
    with listen(host, 0) as listener:
        assert bound_host(listener) == bound
        assert address_of(listener) == f"{address}:{listener.getsockname()[1]}"
        assert not address_of(listener).endswith(":0")


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("192.0.2.1", "192.0.2.1, port 0: Cannot assign requested address"),
        ("no-such-host.invalid", "no-such-host.invalid, port 0: "),
        ("a" * 70, "a" * 70 + ", port 0: "),
        ("", "an empty host, port 0: "),
        ("1.2.3.4.5", "1.2.3.4.5, port 0: "),
        ("[::1]", "[::1], port 0: "),
    ],
)
def test_an_address_that_is_none_of_this_machine_is_refused_with_its_name(host: str, reason: str) -> None:
    with pytest.raises(UnusableAddressError) as refused:
        listen(host, 0)

    assert f"cannot listen on {reason}" in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_of_two_that_took_a_port_before_either_listened_the_second_is_told() -> None:
    async def app(scope, receive, send) -> None:
        """Answer nothing: it is never asked."""

    with listen("127.0.0.1", 0) as first, listen("127.0.0.1", first.getsockname()[1]) as second:
        first.listen()
        with pytest.raises(UnusableAddressError, match="Address already in use; choose another one with --port"):
            async with serving(app, second, DEFAULT_LIMITS):
                pytest.fail("it serves")


def test_a_taken_port_is_refused_with_its_number() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UnusableAddressError, match=f"port {port}: Address already in use"):
            listen("127.0.0.1", port)
