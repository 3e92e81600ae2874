"""Words with the kernel about a connection that asyncio does not have."""

from __future__ import annotations

import array
import asyncio
import fcntl
import select
import socket
import struct
import termios


async def hung_up(writer: asyncio.StreamWriter) -> None:
    """Wait until the other side closed the connection, without reading what it sends."""
    poll = select.poll()
    poll.register(socket_of(writer).fileno(), select.POLLRDHUP)
    while not poll.poll(0):
        await asyncio.sleep(0.05)


async def sent(writer: asyncio.StreamWriter) -> None:
    """Wait until the other side's kernel has everything that was written."""
    unsent = array.array("i", [1])
    while writer.transport.get_write_buffer_size() or unsent[0]:
        if writer.transport.is_closing():
            return
        fcntl.ioctl(socket_of(writer).fileno(), termios.TIOCOUTQ, unsent)
        await asyncio.sleep(0.001)


def socket_of(writer: asyncio.StreamWriter) -> socket.socket:
    end: socket.socket = writer.get_extra_info("socket")
    return end


def reset(writer: asyncio.StreamWriter) -> None:
    if not writer.transport.is_closing():
        socket_of(writer).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
