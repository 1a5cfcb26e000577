"""Signatures as Standard Webhooks define them."""

from __future__ import annotations

import base64
import hashlib
import hmac

from stoppress.webhooks.signing import message_id, new_secret, signed_headers


def test_the_signature_is_that_of_the_specification():
    """The example of the reference libraries (github.com/standard-webhooks/standard-webhooks)."""
    headers = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_receiver_can_check_it_with_the_secret_alone():
    secret, body = new_secret(), b'{"a": 1}'
    headers = signed_headers(secret, "msg_1", 1700000000, body)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = hmac.new(key, b"msg_1.1700000000." + body, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(expected).decode()
    assert len(key) == 32 and new_secret() != secret


def test_the_id_of_a_message_follows_from_its_change():
    assert message_id("a", "b") == message_id("a", "b") != message_id("a", "c")
    assert message_id("a", "bc") != message_id("ab", "c")
