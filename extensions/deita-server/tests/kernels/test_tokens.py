"""The register of kernels' tokens."""

from __future__ import annotations

from deita_server.kernels.tokens import KernelTokens


def test_a_token_names_its_kernel_until_it_is_revoked() -> None:
    tokens = KernelTokens()
    one, two = tokens.issue("one"), tokens.issue("two")
    assert (tokens.kernel_of(one), tokens.kernel_of(two)) == ("one", "two")
    tokens.revoke("one")
    assert (tokens.kernel_of(one), tokens.kernel_of(two)) == (None, "two")


def test_an_unknown_token_names_nobody() -> None:
    tokens = KernelTokens()
    tokens.issue("one")
    assert tokens.kernel_of("") is None
    assert tokens.kernel_of("é" * 43) is None


def test_a_kernel_that_starts_again_gets_a_new_token() -> None:
    tokens = KernelTokens()
    old = tokens.issue("one")
    assert tokens.kernel_of(tokens.issue("one")) == "one"
    assert tokens.kernel_of(old) is None


def test_revoking_what_is_not_there_is_no_error() -> None:
    KernelTokens().revoke("nobody")
