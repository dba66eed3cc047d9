"""Our signatures are those of the reference library."""

import base64
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from alerts.delivery.channels.channel import Message
from alerts.delivery.signatures import new_secret, sign, signed_headers

BODY = b'{"type":"alert.firing"}'


def test_the_published_example_of_standard_webhooks():
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'

    signature = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_has_32_random_bytes():
    secret = new_secret()

    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert secret != new_secret()


def test_the_reference_library_accepts_our_headers():
    secret = new_secret()

    headers = signed_headers([secret], "msg_1", datetime.now(UTC), BODY)

    assert Webhook(secret).verify(BODY, headers) == {"type": "alert.firing"}


def test_either_secret_verifies_while_one_is_rotated():
    old, new = new_secret(), new_secret()

    headers = signed_headers([new, old], "msg_1", datetime.now(UTC), BODY)

    assert Webhook(old).verify(BODY, headers)
    assert Webhook(new).verify(BODY, headers)


def test_a_broken_secret_is_named_without_being_shown():
    with pytest.raises(ValueError, match="not a webhook secret") as caught:
        sign("whsec_%%%", "msg_1", 1, BODY)

    assert "%%%" not in str(caught.value)


def test_a_message_does_not_show_its_secrets():
    message = Message("msg_1", "alert.firing", "{}", "desk", "https://example.com", ("whsec_x",))

    assert "whsec_x" not in repr(message)
