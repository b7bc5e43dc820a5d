"""`deita token`: an API token for a person."""

from __future__ import annotations

import click

from deita_hub.catalog import people
from deita_hub.cli.catalog import opened
from deita_hub.cli.output import answer, json_option, person_name
from deita_hub.cli.running import running

DAY = 86400


@click.command("token")
@click.argument("user", callback=person_name)
@click.option("--admin", is_flag=True, help="Make this person an administrator of Deita.")
@click.option(
    "--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="How long the token is valid."
)
@json_option
def command(user: str, admin: bool, days: int, as_json: bool) -> None:
    """Print an API token for USER, who is created if need be. Deita must be running."""
    deita = running()
    deita.allow(user)
    with opened(deita.settings) as catalog, catalog.write() as session:
        people.ensure_person(session, user, admin=admin)
    token = deita.token(user, "deita token", days * DAY)
    answer(as_json, {"user": user, "token": token, "days": days}, token)
