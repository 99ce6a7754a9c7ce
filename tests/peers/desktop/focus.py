"""Takes the keyboard's focus away, then gives it to the window of this id."""
import ctypes
import sys

X = ctypes.CDLL("libX11.so.6")
X.XOpenDisplay.restype = ctypes.c_void_p
display = ctypes.c_void_p(X.XOpenDisplay(None))
NOBODY, PARENT, NOW = 0, 2, 0
for window in (NOBODY, int(sys.argv[1], 0)):
    X.XSetInputFocus(display, ctypes.c_ulong(window), PARENT, ctypes.c_ulong(NOW))
    X.XSync(display, 0)
