"""JupyterHub's configuration; the settings come from the environment, the rest is `hub_config`."""

from deita_hub import hub_config, secret_files, settings

here = settings.load()
hub_config.configure(get_config(), here, secret_files.load(here))  # type: ignore[name-defined] # noqa: F821
