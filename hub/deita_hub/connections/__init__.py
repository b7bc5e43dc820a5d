"""Databases outside, on behalf of workspaces: how passwords are kept, which hosts may be named, who reads them."""
