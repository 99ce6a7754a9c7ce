"""A keyboard and a pointer at a Wayland desktop (virtual-keyboard, wlr-virtual-pointer), which a desktop without a screen has not.

It prints a line when they are there; `move X Y` and `click` on lines of stdin are what the pointer does.
"""
import itertools
import os
import socket
import struct
import sys
import tempfile
import time

WIDTH, HEIGHT = 1280, 800
LEFT, PRESSED, RELEASED = 0x110, 1, 0
KEYMAP = b"""xkb_keymap {
xkb_keycodes { include "evdev" }; xkb_types { include "complete" }; xkb_compat { include "complete" }; xkb_symbols { include "pc+us" };
};\0"""
XKB_V1 = 1
DISPLAY = 1

desktop = socket.socket(socket.AF_UNIX)
desktop.connect(os.environ["WAYLAND_DISPLAY"])
objects = itertools.count(DISPLAY + 1)


def word(number):
    return struct.pack("=I", number)


def text(string):
    encoded = string.encode() + b"\0"
    return word(len(encoded)) + encoded + bytes(-len(encoded) % 4)


def ask(whom, request, *arguments, file=None):
    body = b"".join(word(each) if isinstance(each, int) else each for each in arguments)
    message = struct.pack("=II", whom, (8 + len(body)) << 16 | request) + body
    socket.send_fds(desktop, [message], [] if file is None else [file])


def made(whom, request, *arguments):
    """A request that makes an object: its number comes last."""
    number = next(objects)
    ask(whom, request, *arguments, number)
    return number


def heard():
    whom, size = struct.unpack("=II", whole(8))
    return whom, size & 0xFFFF, whole((size >> 16) - 8)


def whole(length):
    got = b""
    while len(got) < length:
        part = desktop.recv(length - len(got))
        if not part:
            sys.exit("the desktop has gone")
        got += part
    return got


def settled():
    """Waits until the desktop has done what it was asked (wl_display.sync), and returns what it told meanwhile."""
    callback, told = made(DISPLAY, 0), []
    while True:
        event = heard()
        if event[0] == callback:
            return told
        if event[:2] == (DISPLAY, 0):
            sys.exit(f"the desktop refuses: {event[2]!r}")
        told.append(event)


registry = made(DISPLAY, 1)
there = {}
for whom, event, body in settled():
    if (whom, event) == (registry, 0):
        name, length = struct.unpack_from("=II", body)
        there[body[8 : 8 + length - 1].decode()] = name


def bound(interface):
    return made(registry, 0, there[interface], text(interface), 1)


seat = bound("wl_seat")
keyboard = made(bound("zwp_virtual_keyboard_manager_v1"), 0, seat)
with tempfile.TemporaryFile() as keymap:
    keymap.write(KEYMAP)
    keymap.flush()
    ask(keyboard, 0, XKB_V1, len(KEYMAP), file=keymap.fileno())
pointer = made(bound("zwlr_virtual_pointer_manager_v1"), 0, seat)
settled()
print(flush=True)
for line in sys.stdin:
    what, *place = line.split()
    now = time.monotonic_ns() // 1_000_000 & 0xFFFFFFFF
    if what == "move":
        ask(pointer, 1, now, *map(int, place), WIDTH, HEIGHT)
        ask(pointer, 4)
    if what == "click":
        for state in (PRESSED, RELEASED):
            ask(pointer, 2, now, LEFT, state)
            ask(pointer, 4)
    settled()
