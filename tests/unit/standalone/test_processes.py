"""Ports that are held for processes which are yet to listen."""

import errno
import socket

import pytest

from standalone.system.processes import held_ports
from standalone.system.server import listen


def test_held_ports_are_different_and_those_they_are_held_for_may_listen() -> None:
    with held_ports(0, 4) as ports:
        assert len(set(ports)) == 5
        with listen("127.0.0.1", ports[2]) as listener:
            listener.listen()
            with socket.create_connection(("127.0.0.1", ports[2]), timeout=5) as client:
                accepted, address = listener.accept()
                accepted.close()
                assert address == client.getsockname()


def test_a_port_that_somebody_listens_on_is_refused_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError) as refused:  # noqa: PT011, SIM117
        with held_ports(taken.getsockname()[1], 4):
            pytest.fail("it was held")

    assert refused.value.errno == errno.EADDRINUSE


def test_nobody_gets_a_held_port_by_chance() -> None:
    with held_ports(0, 4) as ports, socket.socket() as other, pytest.raises(OSError) as refused:  # noqa: PT011
        other.bind(("127.0.0.1", ports[1]))

    assert refused.value.errno == errno.EADDRINUSE
