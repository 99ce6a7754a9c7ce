"""Closes the window of this title as the person's window manager does: it asks, and the program decides."""
import ctypes
import sys

X = ctypes.CDLL("libX11.so.6")
for name in ("XOpenDisplay", "XDefaultRootWindow", "XInternAtom"):
    getattr(X, name).restype = ctypes.c_void_p


class ClientMessage(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send_event", ctypes.c_int),
                ("display", ctypes.c_void_p), ("window", ctypes.c_ulong), ("message_type", ctypes.c_ulong),
                ("format", ctypes.c_int), ("data", ctypes.c_long * 5), ("room", ctypes.c_long * 24)]


display = ctypes.c_void_p(X.XOpenDisplay(None))
window = int(sys.argv[1], 0)
atom = lambda name: X.XInternAtom(display, name, 0)
event = ClientMessage(type=33, display=display, window=window, message_type=atom(b"WM_PROTOCOLS"), format=32)
event.data[0] = atom(b"WM_DELETE_WINDOW")
X.XSendEvent(display, ctypes.c_ulong(window), 0, 0, ctypes.byref(event))
X.XSync(display, 0)
