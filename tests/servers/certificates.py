"""A certificate of an authority that no system knows, as providers of managed databases have one."""

from __future__ import annotations

import datetime
import secrets
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Issued:
    """All as PEM: the authority's certificate, and for one host a certificate of it with its key."""

    authority: str
    certificate: str
    key: str = field(repr=False)


def issued(host: str) -> Issued:
    """A new authority, and its certificate for this host."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = f"Authority {secrets.token_hex(4)}"
    authority = _certificate(name, name, authority_key.public_key(), True).sign(authority_key, hashes.SHA256())
    certificate = _certificate(host, name, key.public_key(), False).sign(authority_key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Issued(_pem(authority), _pem(certificate), private.decode())


def _certificate(host: str, by: str, key: ec.EllipticCurvePublicKey, is_authority: bool) -> x509.CertificateBuilder:
    subject, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in (host, by))
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), now - DAY, now + DAY)
    builder = builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    if is_authority:
        return builder
    return builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
