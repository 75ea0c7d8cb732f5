"""Two people meet on a server: sign-up, follow, live feed, a post that is sent twice and is there once.

python3 walk.py --server 127.0.0.1:4280 --fingerprint SHA256:...
"""

import argparse
import secrets

from mini_tweet import Client, KeyChanged, Refused, new_key

PASSWORD = "correct horse 9"


def expect(holds, what):
    if not holds:
        raise SystemExit(f"failed: {what}")
    print(f"ok: {what}")


def refusal(act):
    """The code with which the server refuses, or None."""
    try:
        act()
    except Refused as error:
        return error.code
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", required=True, help="host:port")
    parser.add_argument("--fingerprint", required=True, help="as the server prints it at its start")
    args = parser.parse_args()
    host, port = args.server.rsplit(":", 1)

    def connect(fingerprint=args.fingerprint):
        return Client(host, int(port), fingerprint)

    try:
        connect("SHA256:" + "A" * 43)
        expect(False, "a server with another key is refused")
    except KeyChanged:
        expect(True, "a server with another key is refused")

    ada, bob = connect(), connect()
    print(f"connected to {ada.hello['server_name']} {ada.hello['server_version']}")
    code = refusal(lambda: ada.ask("post", {"text": "too early"}))
    expect(code == "UNAUTHENTICATED", "nothing is posted without a session")

    suffix = secrets.token_hex(4)
    for client, name in ((ada, f"ada_{suffix}"), (bob, f"bob_{suffix}")):
        token = client.ask("sign_up", {"username": name, "password": PASSWORD})["token"]
        expect(len(token) == 32, f"{name} has signed up")
    code = refusal(lambda: connect().ask("log_in", {"username": f"ada_{suffix}", "password": "not the one"}))
    expect(code == "UNAUTHENTICATED", "a wrong password is refused")

    expect(bob.ask("follow", {"username": f"ada_{suffix}"}).get("changed"), "bob follows ada")
    subscription = bob.ask("subscribe", {"home": {}})["subscription"]

    key, tweet = new_key(), {"text": f"Hello from #Python {suffix}"}
    first = ada.ask("post", tweet, key)
    again = ada.ask("post", tweet, key)
    expect(first["id"] == again["id"], "a post that is sent again with its key is the same post")
    code = refusal(lambda: ada.ask("post", {"text": "something else"}, key))
    expect(code == "IDEMPOTENCY_CONFLICT", "its key is for nothing else")

    event = bob.next_event()
    expect(event["subscription"] == subscription, "an event comes for the subscription")
    expect(event["tweet_posted"]["tweet"]["id"] == first["id"], "bob sees the post live")
    page = bob.ask("read_timeline", {"home": {}, "page": {"limit": 10}})
    expect([one["text"] for one in page["tweets"]] == [tweet["text"]], "bob's home timeline has it once")
    names = {account["id"]: account["username"] for account in page["accounts"]}
    expect(names[page["tweets"][0]["author_id"]] == f"ada_{suffix}", "and says who wrote it")

    code = refusal(lambda: ada.ask("post", {"text": "x" * 501}))
    expect(code == "INVALID", "a tweet that is too long is refused")
    # A connection that was lost: the cursor brings what was missed.
    cursor = event["sequence"]
    bob.close()
    missed = ada.ask("post", {"text": "while bob was away"}, new_key())
    bob = connect()
    bob.ask("log_in", {"username": f"bob_{suffix}", "password": PASSWORD})
    bob.ask("subscribe", {"home": {}, "cursor": cursor})
    event = bob.next_event()
    expect(event["tweet_posted"]["tweet"]["id"] == missed["id"], "bob comes back and gets what was missed")
    print("done")


if __name__ == "__main__":
    main()
