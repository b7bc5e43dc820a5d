"""The process: JupyterHub's single-user server with only what a workspace needs, configured in code."""
