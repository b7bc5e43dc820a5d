"""What stands between the hub and a Docker Engine: the calls that start servers, for containers like servers, no other.

Whoever may make any container is root on the machine, so that the known socket proxies, which look at a request's path
and not at its body, leave the hub root. This one runs by itself (`deita run docker-proxy`) and alone has the socket.
"""
