"""`preset: sendgrid | mandrill | mailgun | bounces`: a hook that says what became of messages.

Nothing is mapped: what a provider tells, or a mail that came back says, becomes `message.delivered`,
`message.bounced` and so on for the message of ours that it names (journeys A14).
"""

from __future__ import annotations

from journeyfold.sources.inventory import Source


def mail(source: Source) -> Source:
    """Nothing is left to fill in."""
    return source
