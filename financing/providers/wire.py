"""Connections that keep to a moment, whatever the other side does, and that go to the addresses that are allowed."""

import io
import ipaddress
import socket
import time
from contextvars import ContextVar
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

# When the call that this thread is at must be over (time.monotonic).
until: ContextVar[float] = ContextVar("until")

# `is_global` says True of these, though they lead to an address inside (NAT64, 6to4, Teredo, IPv4-compatible).
_LEAD_ELSEWHERE = [
    ipaddress.ip_network(one)
    for one in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "192.88.99.0/24", "fec0::/10")
]


class AddressRefused(Exception):
    """The name led to an address that the bank cannot have."""


def is_public(address: str) -> bool:
    """Whether it is an address of the open internet, and not one that leads inside by another notation."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return found.is_global and not found.is_multicast and not any(found in network for network in _LEAD_ELSEWHERE)


def is_loopback(address: str) -> bool:
    """Whether it is this machine."""
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


class _Paced(io.RawIOBase):
    """The bytes that come in on a socket, until the moment; no client library has a deadline for more than one read."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._file = sock, sock.makefile("rb", buffering=0)
        self._pause = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = until.get() - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left if self._pause is None else min(self._pause, left))
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Paced(sock))


def _checked(sock: socket.socket, allowed: Any) -> socket.socket:
    # The address that was really reached: no second look-up of the name can differ from it.
    address = sock.getpeername()[0]
    if not allowed(address):
        sock.close()
        raise AddressRefused(f"the bank's name led to {address}")
    return sock


class _Plain(HTTPConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), is_loopback)


class _Secure(HTTPSConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), is_public)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class Paced(HTTPAdapter):
    """For a session: http to this machine only, https to public addresses only, each answer over by `until`."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
