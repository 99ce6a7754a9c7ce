"""Writes icon.ico and icon.icns from the PNG files: both are only envelopes around PNG."""

import pathlib
import struct

HERE = pathlib.Path(__file__).parent


def png(size: int) -> bytes:
    return (HERE / f"{size}x{size}.png").read_bytes()


def ico(sizes: list[int]) -> bytes:
    images = [png(size) for size in sizes]
    offset = 6 + 16 * len(images)
    head = struct.pack("<HHH", 0, 1, len(images))
    for size, image in zip(sizes, images):
        head += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(image), offset)
        offset += len(image)
    return head + b"".join(images)


def icns(kinds: dict[bytes, int]) -> bytes:
    body = b"".join(kind + struct.pack(">I", 8 + len(png(size))) + png(size) for kind, size in kinds.items())
    return b"icns" + struct.pack(">I", 8 + len(body)) + body


(HERE / "icon.ico").write_bytes(ico([16, 32, 48, 64, 256]))
(HERE / "icon.icns").write_bytes(icns({b"icp4": 16, b"icp5": 32, b"ic07": 128, b"ic08": 256, b"ic09": 512, b"ic13": 256}))
