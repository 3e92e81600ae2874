"""A TCP proxy that breaks connections as links, firewalls and dying gateways do, and counts bytes both ways.

It runs as a process of its own: what it does to a connection does not wait for the interpreter of the test, and it
outlives what a test kills. `python -m tests.support.tcp_proxy HOST:PORT SEED` prints its port, then obeys one JSON
order per line on its input, each answered with one JSON line, and ends when its input closes.

Everything random is drawn from the seed. Bytes are counted when the other side's kernel has them, so that what a
client can have seen is what is counted.
"""

from tests.support.tcp_proxy.controller import TcpProxy
from tests.support.tcp_proxy.faults import Action, Direction, LinkFault, LinkStats

__all__ = ["Action", "Direction", "LinkFault", "LinkStats", "TcpProxy"]
