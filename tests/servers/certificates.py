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
USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


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
    signing = authority_key.public_key()
    authority = _certificate(name, name, signing, signing).sign(authority_key, hashes.SHA256())
    certificate = _certificate(host, name, key.public_key(), signing).sign(authority_key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Issued(_pem(authority), _pem(certificate), private.decode())


def _certificate(
    name: str, by: str, key: ec.EllipticCurvePublicKey, signing: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    """With all that Python 3.13 and newer look for (VERIFY_X509_STRICT)."""
    subject, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, by))
    now, is_authority = datetime.datetime.now(datetime.UTC), name == by
    builder = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), now - DAY, now + DAY)
    usages = dict.fromkeys(USAGES, False) | {"key_cert_sign" if is_authority else "digital_signature": True}
    builder = (
        builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usages), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing), critical=False)
    )
    return builder if is_authority else builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
