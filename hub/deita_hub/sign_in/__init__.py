"""Signing in: by one-time links from the console and, beside them, at GitHub, Google or any OpenID Connect provider."""
