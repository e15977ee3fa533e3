"""The way from server to server: a forward proxy that knows the names of the stage, and no others.

So /etc/hosts stays as it is, and nothing on the stage reaches a server outside, whatever it is configured to do.
"""

import select
import socket
import socketserver
import sys

GATEWAY, PORT = int(sys.argv[1]), int(sys.argv[2])


class Tunnel(socketserver.StreamRequestHandler):
    timeout = 30

    def handle(self):
        request = self.rfile.readline(1000).split()
        while self.rfile.readline(8000).strip():
            pass
        if len(request) < 2 or request[0] != b"CONNECT" or not is_ours(request[1]):
            self.wfile.write(b"HTTP/1.1 403 Not on this stage\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", GATEWAY), 10) as server:
            self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            carry(self.connection, server)


def is_ours(target):
    host, _, port = target.decode(errors="replace").rpartition(":")
    return host.endswith(".test") and port == str(GATEWAY)


def carry(client, server):
    other = {client: server, server: client}
    while True:
        # Kept connections of a server may rest for long; an end is an end.
        ready, _, _ = select.select([client, server], [], [], 300)
        if not ready:
            return
        for side in ready:
            data = side.recv(65536)
            if not data:
                return
            other[side].sendall(data)


class Proxy(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Proxy(("127.0.0.1", PORT), Tunnel) as proxy:
    proxy.serve_forever()
