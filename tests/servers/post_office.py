"""A real SMTP server for tests (aiosmtpd): keeps what it takes, refuses and hangs up as it is told."""

import asyncio
import datetime as dt
import ssl
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

USER, PASSWORD = "shop", "opensesame"


class Office:
    """`letters` are (sender, recipient, bytes). `refuse` a recipient, or the message, with a line."""

    def __init__(self):
        self.letters, self.connections, self.sessions = [], 0, []
        self.refused, self.answers = {}, []
        self.hangs_up = ""

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.connections += session.host_name is None
        session.host_name = hostname
        self.sessions.append(session)
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.hangs_up == "rcpt":
            self.hangs_up = ""
            server.transport.close()
            return "421 gone"
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        if self.answers:
            return self.answers.pop(0)
        self.letters.append((envelope.mail_from, envelope.rcpt_tos[0], envelope.original_content))
        if self.hangs_up == "data":
            self.hangs_up = ""
            server.transport.close()
            await asyncio.sleep(0)
        return "250 2.0.0 taken"

    def authenticate(self, server, session, envelope, mechanism, data):
        told = data if isinstance(data, LoginPassword) else LoginPassword(b"", b"")
        is_right = told == LoginPassword(USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)


class _Controller(Controller):
    def __init__(self, office, port, **options):
        self.office, self.options = office, options
        tls = options.pop("ssl_context", None)
        super().__init__(office, hostname="127.0.0.1", port=port, ssl_context=tls)

    def factory(self):
        return SMTP(self.handler, enable_SMTPUTF8=False, **self.options)


@contextmanager
def post_office(port, *, tls=None, implicit=None, must_log_in=False):
    """`tls` and `implicit` are server contexts of `certificate`."""
    office = Office()
    options = {"tls_context": tls, "ssl_context": implicit}
    if must_log_in:
        options |= {
            "authenticator": office.authenticate, "auth_required": True,
            "auth_require_tls": tls is not None,
        }  # fmt: skip
    controller = _Controller(office, port, **options)
    controller.start()
    try:
        yield office
    finally:
        controller.stop()


def certificate(directory):
    """(a server's context, the file that vouches for it): for 127.0.0.1 alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, secret = directory / "server.pem", directory / "server.key"
    pem.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return context, pem
