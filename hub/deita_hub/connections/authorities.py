"""Certificates of an authority that a person names: managed databases have their provider's, which no system knows."""

from __future__ import annotations

from cryptography import x509

MOST = 64 * 2**10
"""Characters of them all: a provider's bundle holds those of its regions."""
CHECKED = ("verify-ca", "verify-full")
"""The ways of connecting that look at certificates."""


class AuthorityError(Exception):
    """These certificates and this way of connecting do not fit together; the message says why."""


def check(sslmode: str, certificates: str) -> None:
    """Whether certificates (PEM, none if empty) are some, and are what `sslmode` looks at. Raises AuthorityError."""
    if not certificates:
        if sslmode == "verify-ca":
            raise AuthorityError("`verify-ca` looks for the authority in `ca`, and there is none.")
        return
    if sslmode not in CHECKED:
        raise AuthorityError(f"`ca` is looked at with {' and '.join(CHECKED)} only, not with {sslmode}.")
    try:
        x509.load_pem_x509_certificates(certificates.encode())
    except ValueError as error:
        raise AuthorityError("`ca` holds no certificates in PEM: -----BEGIN CERTIFICATE----- and so on.") from error
