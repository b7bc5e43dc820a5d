"""`deita token`: an API token for a person."""

from __future__ import annotations

import click

from deita_hub.catalog import identities
from deita_hub.cli.catalog import opened
from deita_hub.cli.output import VerbError, answer, json_option, newcomer
from deita_hub.cli.running import running
from deita_hub.names import NameRefusedError
from deita_hub.sign_in import admission

DAY = 86400


@click.command("token")
@click.argument("user", callback=newcomer)
@click.option("--admin", is_flag=True, help="Make this person an administrator of Deita.")
@click.option(
    "--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="How long the token is valid."
)
@json_option
def command(user: str, admin: bool, days: int, as_json: bool) -> None:
    """Print an API token for USER, who is created if need be. Deita must be running."""
    deita = running()
    typed, user = user, deita.settings.sign_in.person_of(user)
    deita.allow(user)
    try:
        with opened(deita.settings) as catalog, catalog.write() as session:
            admission.add(session, deita.settings.sign_in, typed, by=identities.OPERATOR, admin=admin)
    except NameRefusedError as error:
        raise VerbError(str(error)) from error
    token = deita.token(user, "deita token", days * DAY)
    answer(as_json, {"user": user, "token": token, "days": days}, token)
