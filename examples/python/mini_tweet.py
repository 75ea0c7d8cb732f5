"""A client for Mini-Tweet's native protocol in plain Python, without any package.

It shows that docs/protocol.md and proto/ are enough to write a client in another language. It knows the messages in
MESSAGES below and skips unknown fields, as every client must.
"""

import base64
import collections
import hashlib
import os
import socket
import ssl
import struct

# Message -> field name -> (number, type). A type in brackets is repeated. The name of a message is a nested message.
MESSAGES = {
    "ClientFrame": {"hello": (1, "ClientHello"), "request": (2, "Request"), "ping": (3, "Ping")},
    "ServerFrame": {
        "hello": (1, "ServerHello"), "response": (2, "Response"), "event": (3, "Event"), "pong": (4, "Ping"),
        "going_away": (5, "GoingAway"), "fatal": (6, "Error"),
    },
    "ClientHello": {"protocol_version": (1, "uint"), "client_name": (2, "string")},
    "ServerHello": {
        "protocol_version": (1, "uint"), "server_name": (2, "string"), "server_version": (3, "string"),
        "budgets": (4, "Budgets"),
    },
    "Budgets": {"frame_bytes": (2, "uint"), "tweet_graphemes": (6, "uint"), "heartbeat_ms": (8, "uint")},
    "Ping": {"nonce": (1, "fixed64")},
    "GoingAway": {"reconnect_after_ms": (1, "uint")},
    "Request": {
        "id": (1, "uint"), "idempotency_key": (2, "bytes"), "sign_up": (10, "SignUp"), "log_in": (11, "LogIn"),
        "post": (30, "Post"), "read_timeline": (42, "ReadTimeline"), "follow": (53, "Name"),
        "subscribe": (92, "Subscribe"),
    },
    "Response": {
        "id": (1, "uint"), "error": (2, "Error"), "done": (10, "Done"), "logged_in": (11, "LoggedIn"),
        "tweet_page": (15, "TweetPage"), "subscribed": (26, "Subscribed"),
    },
    "Error": {
        "code": (1, "uint"), "message": (2, "string"), "field": (3, "string"), "retry_after_ms": (4, "uint"),
        "cursor": (5, "fixed64"), "incident": (6, "string"),
    },
    "Done": {"id": (1, "fixed64"), "changed": (2, "bool")},
    "SignUp": {"username": (1, "string"), "display_name": (2, "string"), "password": (3, "string")},
    "LogIn": {"username": (1, "string"), "password": (2, "string")},
    "LoggedIn": {"token": (1, "bytes"), "session_id": (2, "fixed64")},
    "Name": {"username": (1, "string")},
    "Post": {
        "text": (1, "string"), "visibility": (2, "uint"), "reply_to": (3, "fixed64"), "quote_of": (4, "fixed64"),
    },
    "ReadTimeline": {
        "home": (1, "Empty"), "user": (2, "string"), "hashtag": (3, "string"), "local": (4, "Empty"),
        "page": (8, "PageRequest"),
    },
    "Empty": {},
    "PageRequest": {"limit": (1, "uint"), "before": (2, "string"), "after": (3, "string")},
    "TweetPage": {
        "tweets": (1, ["Tweet"]), "referenced": (2, ["Tweet"]), "accounts": (3, ["Account"]), "next": (4, "string"),
    },
    "Tweet": {
        "id": (1, "fixed64"), "author_id": (2, "fixed64"), "text": (3, "string"), "created_ms": (4, "uint"),
        "reply_to": (7, "fixed64"), "quote_of": (8, "fixed64"), "retweet_of": (9, "fixed64"),
    },
    "Account": {"id": (1, "fixed64"), "username": (2, "string"), "display_name": (3, "string")},
    "Subscribe": {"home": (1, "Empty"), "local": (2, "Empty"), "hashtag": (3, "string"), "cursor": (8, "fixed64")},
    "Subscribed": {"subscription": (1, "uint"), "cursor": (2, "fixed64")},
    "Event": {
        "subscription": (1, "uint"), "sequence": (2, "fixed64"), "tweet_posted": (10, "LiveTweet"),
        "gap": (18, "Gap"), "closed": (19, "Error"),
    },
    "LiveTweet": {"tweet": (1, "Tweet"), "referenced": (2, ["Tweet"]), "accounts": (3, ["Account"])},
    "Gap": {"after": (1, "fixed64")},
}

ERRORS = {
    1: "INVALID", 2: "UNAUTHENTICATED", 3: "FORBIDDEN", 4: "NOT_FOUND", 5: "ALREADY_EXISTS",
    6: "IDEMPOTENCY_CONFLICT", 7: "RATE_LIMITED", 8: "BUSY", 9: "STORAGE_FULL", 10: "UNAVAILABLE",
    11: "SLOW_CONSUMER", 12: "GOING_AWAY", 13: "PROTOCOL", 14: "INTERNAL",
}


class ServerError(Exception):
    """The server answered with an error. `code` is one of the names in ERRORS."""

    def __init__(self, error):
        self.code = ERRORS.get(error.get("code"), "UNKNOWN")
        self.field = error.get("field", "")
        message = f"{self.field} {error.get('message', '')}".strip()
        super().__init__(f"{self.code}: {message}")


class KeyChanged(Exception):
    """The server has a different key than expected. Nothing was sent to it."""


# The part of protobuf that we need: https://protobuf.dev/programming-guides/encoding


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def encode(kind, values):
    out = b""
    for name, value in values.items():
        number, field = MESSAGES[kind][name]
        if field in ("uint", "bool"):
            out += varint(number << 3) + varint(int(value))
        elif field == "fixed64":
            out += varint(number << 3 | 1) + struct.pack("<Q", value)
        else:
            if field == "string":
                value = value.encode()
            elif field != "bytes":
                value = encode(field, value)
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def read_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def decode(kind, data):
    fields = {number: (name, field) for name, (number, field) in MESSAGES[kind].items()}
    values, at = {}, 0
    while at < len(data):
        key, at = read_varint(data, at)
        wire_type = key & 7
        if wire_type == 0:
            value, at = read_varint(data, at)
        elif wire_type == 1:
            value, at = struct.unpack_from("<Q", data, at)[0], at + 8
        elif wire_type == 2:
            length, at = read_varint(data, at)
            value, at = data[at : at + length], at + length
        elif wire_type == 5:
            value, at = data[at : at + 4], at + 4
        else:
            raise ValueError(f"wire type {wire_type}")
        name, field = fields.get(key >> 3, (None, None))
        if name is None:
            continue  # A field of a newer server.
        one = field[0] if isinstance(field, list) else field
        if one == "string":
            value = value.decode()
        elif one in MESSAGES:
            value = decode(one, value)
        if isinstance(field, list):
            values.setdefault(name, []).append(value)
        else:
            values[name] = value
    return values


# TLS: a server is identified by its public key alone.


def der(data, at):
    """The start and end of the content of the DER element at `at`."""
    length, begin = data[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, begin = int.from_bytes(data[begin : begin + size], "big"), begin + size
    return begin, begin + length


def fingerprint(certificate):
    """SHA-256 of the certificate's SubjectPublicKeyInfo, as the server prints it when it starts."""
    at, _ = der(certificate, 0)  # Certificate
    at, _ = der(certificate, at)  # TBSCertificate
    if certificate[at] == 0xA0:
        at = der(certificate, at)[1]  # version
    for _ in range(5):
        at = der(certificate, at)[1]  # serial, signature, issuer, validity, subject
    key = certificate[at : der(certificate, at)[1]]
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


class Client:
    """One connection."""

    def __init__(self, host, port, expected_fingerprint, timeout=30):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.set_alpn_protocols(["mini-tweet/1"])
        # There is no certificate authority: we compare the key ourselves.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        plain = socket.create_connection((host, port), timeout=timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(plain)
        actual = fingerprint(self.socket.getpeercert(binary_form=True))
        if actual != expected_fingerprint:
            self.socket.close()
            raise KeyChanged(f"expected {expected_fingerprint}, got {actual}")
        self.last_id = 0
        self.events = collections.deque()
        self._send({"hello": {"protocol_version": 1, "client_name": "mini_tweet.py"}})
        self.hello = self._read()["hello"]

    def request(self, operation, fields=None, key=b""):
        """Sends a request and waits for its response. Events that arrive first are queued for `next_event`.

        `key` is an idempotency key: if the response is lost, send the same request with the same key again, and the
        change still happens only once.
        """
        self.last_id += 1
        request = {"id": self.last_id, operation: fields or {}}
        if key:
            request["idempotency_key"] = key
        self._send({"request": request})
        while True:
            response = self._next("response")
            if response.get("id") == self.last_id:
                break
        if "error" in response:
            raise ServerError(response["error"])
        return next(value for name, value in response.items() if name != "id")

    def next_event(self):
        """Waits for the next event of any subscription."""
        return self.events.popleft() if self.events else self._next("event")

    def close(self):
        self.socket.close()

    def _next(self, wanted):
        while True:
            frame = self._read()
            if "fatal" in frame:
                raise ServerError(frame["fatal"])
            if wanted in frame:
                return frame[wanted]
            if "event" in frame:
                self.events.append(frame["event"])

    def _send(self, frame):
        message = encode("ClientFrame", frame)
        self.socket.sendall(struct.pack(">I", len(message)) + message)

    def _read(self):
        (length,) = struct.unpack(">I", self._exactly(4))
        return decode("ServerFrame", self._exactly(length))

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionError("the server closed the connection")
            data += part
        return data


def new_key():
    """A new idempotency key. Create one for each change and reuse it only to retry that change."""
    return os.urandom(16)
