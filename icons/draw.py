"""Draws one SVG as a square PNG: draw.py SOURCE SIZE TARGET."""

import sys

import gi

gi.require_version("GdkPixbuf", "2.0")
from gi.repository import GdkPixbuf  # noqa: E402

source, size, target = sys.argv[1:]
GdkPixbuf.Pixbuf.new_from_file_at_scale(source, int(size), int(size), True).savev(target, "png", [], [])
