"""The settings of signing in: which provider, as which of its clients, and whom its people are let in for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from deita_hub import setting_values as read
from deita_hub.names import NameRefusedError, check_person
from deita_hub.origins import HOST
from deita_hub.setting_values import SettingsError

LINK, GITHUB, GOOGLE, OIDC = "link", "github", "google", "oidc"
KINDS = (LINK, GITHUB, GOOGLE, OIDC)
SIGN_OUTS = ("deita", "provider")
EVERYBODY = "*"
ISSUERS = {GITHUB: "https://github.com", GOOGLE: "https://accounts.google.com"}
LABELS = {GITHUB: "GitHub", GOOGLE: "Google"}
SHORTEST_SECRET = 16
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class SignInSettings:
    """`issuer` says whose numbers for people are meant; with `kind` link nobody is let in but by links."""

    kind: str = LINK
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    issuer: str = ""
    label: str = ""
    name_claim: str = ""
    domains: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    sign_out: str = SIGN_OUTS[0]

    @property
    def by_provider(self) -> bool:
        """Whether there is a provider beside the links."""
        return self.kind != LINK

    def check_secret(self) -> None:
        """The hub needs the client's secret, other processes need not know it. Raises `SettingsError`."""
        if self.by_provider:
            _needed(self.client_secret, "DEITA_SIGN_IN_CLIENT_SECRET_FILE", self.kind)

    @property
    def only_domain(self) -> str:
        """The one domain whose people go by what stands before the @, empty where there are more or none."""
        return next(iter(self.domains)) if len(self.domains) == 1 else ""

    def username_of(self, typed: str) -> str | None:
        """What the provider calls somebody who is added by this name, None without a provider.

        Raises `NameRefusedError` when that cannot be known.
        """
        if not self.by_provider:
            return None
        if "@" in typed or self.name_claim != "email":
            return comparable(typed)
        if not self.only_domain:
            raise NameRefusedError(f"{self.label} knows people by e-mail address: give the whole address.")
        return comparable(f"{typed}@{self.only_domain}")

    def person_of(self, username: str) -> str:
        """The name that somebody of this username has in Deita. Raises `NameRefusedError`.

        `Ana` is `ana`; `ana@example.org` is `ana` where people of that domain alone are let in, else
        `ana-at-example.org`. Only ASCII is made lower case: the Kelvin sign must not become a k.
        """
        if not self.by_provider:
            return check_person(username)
        local, at, domain = comparable(username).rpartition("@")
        name = local if at and domain == self.only_domain else f"{local}-at-{domain}" if at else domain
        return check_person(name)


LINKS_ALONE = SignInSettings()


def comparable(text: str) -> str:
    """A username or address as it is compared: ASCII without regard to case, anything else letter by letter."""
    return text.lower() if text.isascii() else text


def sign_in_settings(source: Mapping[str, str]) -> SignInSettings:
    """Read `DEITA_SIGN_IN…`. Raises `SettingsError` naming what is missing or does not fit together."""
    kind = read.one_of(source, "DEITA_SIGN_IN", KINDS)
    if kind == LINK:
        return LINKS_ALONE
    found = SignInSettings(
        kind=kind,
        client_id=_needed(source.get("DEITA_SIGN_IN_CLIENT_ID", "").strip(), "DEITA_SIGN_IN_CLIENT_ID", kind),
        client_secret=_secret(source, kind),
        issuer=_issuer(source, kind),
        label=_label(source, kind),
        name_claim=_name_claim(source, kind),
        domains=frozenset(map(_domain, _list(source, "DEITA_SIGN_IN_DOMAINS"))),
        sign_out=read.one_of(source, "DEITA_SIGN_OUT", SIGN_OUTS),
    )
    if found.sign_out == "provider" and kind != OIDC:
        raise SettingsError("DEITA_SIGN_OUT=provider is for DEITA_SIGN_IN=oidc: the others offer no sign-out.")
    people = frozenset(_person(each, found) for each in _list(source, "DEITA_SIGN_IN_PEOPLE"))
    return SignInSettings(**{**vars(found), "people": people})


def is_local(host: str | None) -> bool:
    """Whether this host is the machine itself, where nobody listens in between."""
    return host in LOCAL_HOSTS or (host or "").endswith(".localhost")


def _needed(value: str, name: str, kind: str) -> str:
    if not value:
        raise SettingsError(f"DEITA_SIGN_IN={kind} needs {name}.")
    return value


def _secret(source: Mapping[str, str], kind: str) -> str:
    name = "DEITA_SIGN_IN_CLIENT_SECRET"
    value = read.secret(source, name) or ""
    if value and len(value) < SHORTEST_SECRET:
        raise SettingsError(f"{name} must have at least {SHORTEST_SECRET} characters: have the provider make it.")
    return value


def _issuer(source: Mapping[str, str], kind: str) -> str:
    name = "DEITA_SIGN_IN_ISSUER"
    value = source.get(name, "").strip()
    if kind == GOOGLE and value not in ("", ISSUERS[GOOGLE]):
        raise SettingsError(f"{name} is for oidc, and for a GitHub of one's own.")
    value = _needed(value or ISSUERS.get(kind, ""), name, kind)
    parts = urlsplit(value)
    plain = parts.scheme == "http" and is_local(parts.hostname)
    if not (parts.scheme == "https" or plain) or not parts.hostname or "@" in parts.netloc or parts.query:
        raise SettingsError(f"{name} must be https://…, as the provider's own pages name it.")
    return value if kind == OIDC else value.rstrip("/")


def _label(source: Mapping[str, str], kind: str) -> str:
    value = source.get("DEITA_SIGN_IN_LABEL", "").strip()
    if len(value) > 40 or not value.isprintable():
        raise SettingsError("DEITA_SIGN_IN_LABEL has at most 40 printable characters.")
    return value or LABELS.get(kind) or urlsplit(source.get("DEITA_SIGN_IN_ISSUER", "").strip()).netloc


def _name_claim(source: Mapping[str, str], kind: str) -> str:
    value = source.get("DEITA_SIGN_IN_NAME_CLAIM", "").strip()
    if kind != OIDC:
        if value:
            raise SettingsError("DEITA_SIGN_IN_NAME_CLAIM is for DEITA_SIGN_IN=oidc.")
        return {GITHUB: "login", GOOGLE: "email"}[kind]
    return value or "preferred_username"


def _domain(text: str) -> str:
    value = comparable(text)
    if "." not in value or not HOST.fullmatch(value):
        raise SettingsError("DEITA_SIGN_IN_DOMAINS must be domains as in example.org,example.com, without @ or *.")
    return value


def _person(text: str, found: SignInSettings) -> str:
    if text == EVERYBODY:
        if found.kind != OIDC:
            raise SettingsError(f"DEITA_SIGN_IN_PEOPLE=* would let everybody in who has an account at {found.label}.")
        return EVERYBODY
    try:
        return found.username_of(text) or ""
    except NameRefusedError as error:
        raise SettingsError(f"DEITA_SIGN_IN_PEOPLE: {error}") from error


def _list(source: Mapping[str, str], name: str) -> list[str]:
    return [each.strip() for each in source.get(name, "").split(",") if each.strip()]
