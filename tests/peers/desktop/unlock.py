#!/usr/bin/python3
"""Unlocks the keyring's default collection with the password on stdin, as the person's answer to its prompt would."""
import sys

import dbus

NAME, PATH, SERVICE = "org.freedesktop.secrets", "/org/freedesktop/secrets", "org.freedesktop.Secret.Service"
keyring = dbus.SessionBus().get_object(NAME, PATH)
collection = keyring.ReadAlias("default", dbus_interface=SERVICE)
_, session = keyring.OpenSession("plain", dbus.String("", variant_level=1), dbus_interface=SERVICE)
password = dbus.ByteArray(sys.stdin.buffer.read())
secret = dbus.Struct((session, dbus.ByteArray(b""), password, "text/plain"), signature="oayays")
keyring.UnlockWithMasterPassword(
    collection, secret, dbus_interface="org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
)
