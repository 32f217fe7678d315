"""What can be answered to a question, in words: a label, and a sentence beside it."""

from wizard.answers.choices import Inwards, Proxy

PROXIES = {
    Proxy.SERVICE: (
        "The wizard's service",
        "Recommended. Answers for exactly the addresses that containers have, as they come and go.",
    ),
    Proxy.NDPPD: (
        "ndppd",
        "Answers for addresses that do not exist, too; ignores a router that re-checks by unicast; "
        "gone in Debian 14.",
    ),
    Proxy.FIXED: (
        "Fixed entries",
        "For the addresses of today alone. A later container is not found.",
    ),
    Proxy.NONE: ("Nobody", "Right only where the provider routes the prefix to this host."),
}

INWARDS = {
    Inwards.PUBLISHED: (
        "Published ports",
        "What the Compose file publishes on every address of this host (ports:).",
    ),
    Inwards.EXPOSED: (
        "Exposed ports too",
        "Also what an image says that it listens on (EXPOSE, expose:), published or not.",
    ),
    Inwards.ALL: (
        "Everything",
        "No filter at all: whatever a container listens on, the whole internet can reach. Only "
        "for those who filter elsewhere.",
    ),
}
