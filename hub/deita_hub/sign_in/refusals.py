"""Why a sign-in did not work: a stable code each, its status, and what the page says and tells people to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """What somebody reads; `{provider}` and `{username}` stand for what they are called."""

    status: int
    title: str
    message: str
    todo: str


WORDS = {
    "not_allowed": Words(
        403,
        "You are not let in yet",
        "You signed in at {provider} as {username}, and this Deita does not know you.",
        "Ask the people who run it, or the owner of a workspace, to add you by that name. Then sign in again.",
    ),
    "unverified_email": Words(
        403,
        "Your e-mail address is not verified",
        "{provider} did not say that your e-mail address has been verified, so it does not count here.",
        "Verify it at {provider}, then sign in again.",
    ),
    "name_unusable": Words(
        403,
        "Your name cannot be used here",
        "{provider} calls you {username}. A name here has at most 40 letters a–z, digits, dots, underscores and "
        "single hyphens, and begins with a letter.",
        "Ask the people who run this Deita to connect you to a name.",
    ),
    "name_missing": Words(
        403,
        "{provider} did not say who you are",
        "The name by which this Deita knows people was not among what {provider} told about you.",
        "Ask the people who run this Deita: they find the reason in its log.",
    ),
    "name_taken": Words(
        403,
        "Somebody else has this name here",
        "You signed in at {provider} as {username}. That name belongs to somebody here who signs in differently.",
        "If that is you, ask the people who run this Deita to connect the two.",
    ),
    "trust_required": Words(
        403,
        "This Deita is for one person",
        "Nothing separates people on this machine, so only its owner may come in.",
        "Ask the people who run it.",
    ),
    "cancelled": Words(
        403,
        "Signing in was not finished",
        "It was cancelled at {provider}.",
        "Nothing has changed. You may try again.",
    ),
    "expired": Words(
        400,
        "This sign-in is over",
        "It took too long, was used already, or was begun in another browser or tab.",
        "Begin again.",
    ),
    "too_many_attempts": Words(
        429,
        "Too many attempts",
        "From where you are, signing in failed many times within a minute.",
        "Wait a minute, then try again.",
    ),
    "provider_refused": Words(
        502,
        "{provider} did not take this sign-in",
        "It answered, but not with who you are.",
        "Begin again. If it goes on, the people who run this Deita find the reason in its log.",
    ),
    "provider_unavailable": Words(
        503,
        "{provider} cannot be reached",
        "Deita asks {provider} who you are, and it does not answer.",
        "Try again in a minute. Who is signed in already can go on working.",
    ),
}


class SignInRefusedError(Exception):
    """Somebody is not let in; `code` is in `WORDS`. `username` is what the provider calls them, where that is known."""

    def __init__(self, code: str, username: str = "") -> None:
        super().__init__(code)
        self.code, self.username = code, username
        self.words = WORDS[code]
