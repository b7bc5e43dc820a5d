"""What a profile demands: `DEITA_PROFILE=production` does not start with less than strangers can be let into."""

from __future__ import annotations

from deita_hub import isolation
from deita_hub.settings import Settings, SettingsError

PRODUCTION = "production"


def check(settings: Settings) -> None:
    """Raise `SettingsError` naming all that is missing; `settings` are resolved."""
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
    if missing:
        raise SettingsError(f"DEITA_PROFILE={PRODUCTION}: {'; '.join(missing)}.")
