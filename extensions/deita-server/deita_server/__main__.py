"""`python -m deita_server`: the workspace server or, for viewers, the dashboard server, as the hub starts it."""

from __future__ import annotations

import gc

from deita_engine import log_lines

from .settings import Settings


def main() -> None:
    """Run until SIGTERM, or until `deita up` is gone."""
    gc.disable()  # importing allocates much and frees little; `WorkspaceServerApp.start` turns it on again
    settings = Settings.from_environment()
    if settings.lifeline is not None:
        from .singleuser import lifeline

        lifeline.hold(settings.lifeline)
    log_lines.install(settings.log_format)
    from .singleuser import folders

    folders.divert_jupyter(settings)
    if settings.is_shared:
        from .singleuser.dashboards import DashboardServer

        DashboardServer.launch_instance()
    else:
        from .singleuser.application import WorkspaceServer

        WorkspaceServer.launch_instance()


if __name__ == "__main__":
    main()
