"""The catalog: people, workspaces, members and sign-in links, known while every workspace server is stopped.

Used by the hub (sign-in, spawning), the control plane and the command line. Calls are synchronous and short; whoever
has an event loop makes them in a thread.
"""
