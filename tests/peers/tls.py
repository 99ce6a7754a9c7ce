"""An authority that signs for whatever host is asked for, and the ends of a connection joined."""
import datetime
import socket
import ssl
import tempfile
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Authority:
    def __init__(self, name):
        self.key, self.made = certificate(name)

    def pem(self):
        return self.made.public_bytes(serialization.Encoding.PEM)

    def context(self, host):
        """A server's side of TLS, for this host."""
        key, made = certificate(host, self)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile() as file:
            file.write(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
            file.flush()
            context.load_cert_chain(file.name)
        return context


def certificate(name, issuer=None):
    """A key and its certificate: of an authority, or by one for a host."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.timezone.utc)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:64])])
    by, signer = (issuer.made.subject, issuer.key) if issuer else (subject, key)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(by).public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    made = made.add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    if issuer:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return key, made.sign(signer, hashes.SHA256())


def pipe(source, sink):
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def join(one, other):
    """What either sends, the other gets, until the first has ended."""
    threading.Thread(target=pipe, args=(other, one), daemon=True).start()
    pipe(one, other)
