"""The control plane: `/services/deita`. Workspaces by REST, the home page, health."""
