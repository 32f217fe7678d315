"""The key that opens every practice machine."""

from pathlib import Path

from wizard.rehearsal import cache, network


def key() -> Path:
    """Return the private key that opens every machine of the cache, made if it is missing."""
    file = cache.folder() / "ssh" / "id_ed25519"
    with cache.locked("ssh"):
        if not file.exists():
            file.parent.mkdir(exist_ok=True, mode=0o700)
            network.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "practice", "-f", str(file)]
            )
    return file
