"""What settings demand of each other; with `DEITA_PROFILE=production`, what it takes to let strangers in."""

from __future__ import annotations

from deita_hub import isolation
from deita_hub.settings import Settings, SettingsError

PRODUCTION = "production"


def check(settings: Settings) -> None:
    """Raise `SettingsError` naming all that is missing; `settings` are resolved."""
    settings.sign_in.check_secret()
    if settings.sign_in.by_provider and not (settings.trust_everyone or isolation.walled(settings)):
        raise SettingsError(
            f"DEITA_SIGN_IN={settings.sign_in.kind} is for several people, and nothing separates them on this machine. "
            f"{isolation.HOW_TO_ADMIT}"
        )
    if settings.profile != PRODUCTION:
        return
    missing = []
    if not settings.origins.secure:
        missing.append(
            "DEITA_SUBDOMAIN_HOST=https://… is needed: without an origin of their own, what authors publish acts as "
            "whoever opens it"
        )
    if not isolation.walled(settings):
        missing.append("walls between people are needed: bubblewrap, or another DEITA_SPAWNER")
    if settings.trust_everyone:
        missing.append("DEITA_TRUST_EVERYONE has to be 0")
    if settings.sign_in.issuer.startswith("http:"):
        missing.append("DEITA_SIGN_IN_ISSUER has to be https://…")
    if missing:
        raise SettingsError(f"DEITA_PROFILE={PRODUCTION}: {'; '.join(missing)}.")
