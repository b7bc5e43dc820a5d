"""What `deita check` says of signing in: what is in force, and whether the provider answers as it should."""

from __future__ import annotations

import ssl

import httpx

from deita_hub.setting_values import SettingsError
from deita_hub.settings import Settings
from deita_hub.sign_in import discovery
from deita_hub.sign_in.settings import EVERYBODY, OIDC, SignInSettings

HOW_MORE = "DEITA_SIGN_IN=github|google|oidc adds a provider"


def described(settings: Settings) -> str:
    """One line. Raises `SettingsError` when the provider's discovery document cannot be had or does not fit."""
    sign_in = settings.sign_in
    if not sign_in.by_provider:
        return f"by one-time links from the console alone; {HOW_MORE}"
    said = f"at {sign_in.label} ({sign_in.issuer}), and by one-time links from the console; {let_in(sign_in)}"
    if sign_in.kind != OIDC:
        return said
    found = _discovered(sign_in)
    if sign_in.sign_out == "provider" and not found.end_session:
        raise SettingsError(f"DEITA_SIGN_OUT=provider: {sign_in.label} names no end_session_endpoint.")
    return f"{said}; its discovery document fits"


def let_in(sign_in: SignInSettings) -> str:
    """For whom the settings open the door."""
    if EVERYBODY in sign_in.people:
        return "everybody whom it knows may come in"
    lists = [", ".join(f"@{each}" for each in sorted(sign_in.domains)), ", ".join(sorted(sign_in.people))]
    known = "who was added by name"
    return f"{'; '.join(filter(None, lists))} and {known}" if any(lists) else f"only {known} may come in"


def _discovered(sign_in: SignInSettings) -> discovery.Endpoints:
    where = discovery.address(sign_in.issuer)
    try:
        # the authorities that the hub itself believes: the system's, or SSL_CERT_FILE's
        trust = ssl.create_default_context()
        answer = httpx.get(where, timeout=discovery.SECONDS, trust_env=False, verify=trust)
        answer.raise_for_status()
        return discovery.endpoints(answer.json(), sign_in.issuer)
    except (httpx.HTTPError, ValueError) as error:
        raise SettingsError(f"{where} (DEITA_SIGN_IN_ISSUER) cannot be read: {error}") from error
    except discovery.DiscoveryError as error:
        raise SettingsError(f"{where} (DEITA_SIGN_IN_ISSUER) does not fit: {error}.") from error
