"""JupyterLab's file browser: notebooks on disk, and the workspace's files as a folder beside them."""
