"""Two people meet on a server: sign-up, follow, live feed, and a post that is sent twice but appears once.

python3 walk.py --server 127.0.0.1:4280 --fingerprint SHA256:...
"""

import argparse
import secrets

from mini_tweet import Client, KeyChanged, ServerError, new_key

PASSWORD = "correct horse 9"


def expect(condition, what):
    if not condition:
        raise SystemExit(f"failed: {what}")
    print(f"ok: {what}")


def error_code(request):
    """The code of the error that the server answers with, or None."""
    try:
        request()
    except ServerError as error:
        return error.code
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", required=True, help="host:port")
    parser.add_argument("--fingerprint", required=True, help="as the server prints it when it starts")
    args = parser.parse_args()
    host, port = args.server.rsplit(":", 1)

    def connect(fingerprint=args.fingerprint):
        return Client(host, int(port), fingerprint)

    try:
        connect("SHA256:" + "A" * 43)
        expect(False, "a server with a different key is rejected")
    except KeyChanged:
        expect(True, "a server with a different key is rejected")

    ada, bob = connect(), connect()
    print(f"connected to {ada.hello['server_name']} {ada.hello['server_version']}")
    code = error_code(lambda: ada.request("post", {"text": "too early"}))
    expect(code == "UNAUTHENTICATED", "posting without a session is rejected")

    suffix = secrets.token_hex(4)
    for client, name in ((ada, f"ada_{suffix}"), (bob, f"bob_{suffix}")):
        token = client.request("sign_up", {"username": name, "password": PASSWORD})["token"]
        expect(len(token) == 32, f"{name} has signed up")
    wrong = {"username": f"ada_{suffix}", "password": "wrong password 9"}
    code = error_code(lambda: connect().request("log_in", wrong))
    expect(code == "UNAUTHENTICATED", "a wrong password is rejected")

    expect(bob.request("follow", {"username": f"ada_{suffix}"}).get("changed"), "bob follows ada")
    subscription = bob.request("subscribe", {"home": {}})["subscription"]

    key, tweet = new_key(), {"text": f"Hello from #Python {suffix}"}
    first = ada.request("post", tweet, key)
    again = ada.request("post", tweet, key)
    expect(first["id"] == again["id"], "a post that is sent again with the same key is the same post")
    code = error_code(lambda: ada.request("post", {"text": "something else"}, key))
    expect(code == "IDEMPOTENCY_CONFLICT", "the key cannot be used for another post")

    event = bob.next_event()
    expect(event["subscription"] == subscription, "an event arrives for the subscription")
    expect(event["tweet_posted"]["tweet"]["id"] == first["id"], "bob sees the post live")
    page = bob.request("read_timeline", {"home": {}, "page": {"limit": 10}})
    expect([one["text"] for one in page["tweets"]] == [tweet["text"]], "the home timeline of bob contains it once")
    names = {account["id"]: account["username"] for account in page["accounts"]}
    expect(names[page["tweets"][0]["author_id"]] == f"ada_{suffix}", "the page names the author")

    code = error_code(lambda: ada.request("post", {"text": "x" * 501}))
    expect(code == "INVALID", "a tweet that is too long is rejected")
    # After a lost connection, the cursor brings the missed events.
    cursor = event["sequence"]
    bob.close()
    missed = ada.request("post", {"text": "while bob was away"}, new_key())
    bob = connect()
    bob.request("log_in", {"username": f"bob_{suffix}", "password": PASSWORD})
    bob.request("subscribe", {"home": {}, "cursor": cursor})
    event = bob.next_event()
    expect(event["tweet_posted"]["tweet"]["id"] == missed["id"], "bob reconnects and gets what he missed")
    print("done")


if __name__ == "__main__":
    main()
