"""Plays logind for a moment: the computer goes to sleep and wakes up."""
import dbus
import dbus.lowlevel

NAME, PATH, OF = "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"
bus = dbus.SessionBus()  # a world's one bus is its system bus as well
bus.request_name(NAME)
for asleep in (True, False):
    signal = dbus.lowlevel.SignalMessage(PATH, OF, "PrepareForSleep")
    signal.append(asleep, signature="b")
    bus.send_message(signal)
bus.get_name_owner(NAME)  # answered after the signals were sent on
