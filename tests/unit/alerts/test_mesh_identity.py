"""Whose identity a sidecar has proved: that of the last element, whatever a caller wrote before it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.platform_events.mesh_identity import direct_peer

FLAGGER = "spiffe://cluster.local/ns/flagger-system/sa/flagger"


@pytest.mark.parametrize(
    ("header", "identity"),
    [
        (f'By=spiffe://x/ns/a/sa/b;Hash=1f;Subject="";URI={FLAGGER}', FLAGGER),
        (f"URI={FLAGGER}", FLAGGER),
        (f'Hash=1f;URI="{FLAGGER}"', FLAGGER),
        (f"URI={FLAGGER},By=x;Hash=1f;URI=spiffe://other", "spiffe://other"),
        (f'URI={FLAGGER},By=x;Subject="CN=a,URI={FLAGGER}"', None),
        (f'By=x;Subject="a\\",URI={FLAGGER}";URI=spiffe://other', "spiffe://other"),
        (f"URI={FLAGGER};URI=spiffe://other", None),
        (f"By={FLAGGER};Hash=1f", None),
        (f"URI={FLAGGER},", FLAGGER),
        (f'URI={FLAGGER};Subject="', None),
        (f'URI={FLAGGER},X=",By=x;Subject="CN=a";URI=spiffe://other', None),
        ("", None),
        (",,,", None),
    ],
)
def test_only_the_last_element_counts(header, identity):
    assert direct_peer(header) == identity


@given(st.lists(st.sampled_from([f"URI={FLAGGER}", ";", ",", '"', "\\", 'Subject="', "By=x", " "]), max_size=12))
def test_nothing_that_a_caller_writes_before_it_makes_it_another(parts):
    element = 'By=spiffe://a;Hash=1f;Subject="";URI=spiffe://other'

    # A caller that leaves a quote open is nobody.
    assert direct_peer(",".join(["".join(parts), element])) in {"spiffe://other", None}
