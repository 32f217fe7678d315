"""The systemd unit that runs the service, before anything can make an interface stop listening."""

from collections.abc import Sequence

NAME = "docker-ipv6-wizard-uplink.service"
PATH = f"/etc/systemd/system/{NAME}"


def unit(words: Sequence[str], file: str) -> str:
    """Return the text of the unit.

    It starts before the network, so that it is there when ``ifup`` sets accept_ra, and before
    Docker, which switches forwarding on. Should the program not start, the parameters of ``file``
    are set all the same.

    The user is root, whose the files below /proc/sys are, with the two capabilities that are
    needed: one to set parameters of the network, and one to send ICMPv6.

    Args:
        words: The command of the service.
        file: The file of kernel parameters, of sysctl.d(5).
    """
    return (
        "# Keeps this host's own IPv6. Written by the wizard; wizard --undo removes it.\n"
        "[Unit]\n"
        "Description=Keep this host listening to IPv6 router advertisements while it forwards\n"
        "DefaultDependencies=no\n"
        "RequiresMountsFor=/usr /var/lib\n"
        "After=local-fs.target systemd-sysctl.service\n"
        "Wants=network-pre.target\n"
        "Before=network-pre.target networking.service docker.service\n"
        "Conflicts=shutdown.target\n"
        "Before=shutdown.target\n"
        "StartLimitIntervalSec=0\n"
        "\n"
        "[Service]\n"
        "Type=notify\n"
        f"ExecStartPre=-sysctl --load={file}\n"
        f"ExecStart={' '.join(_quoted(word) for word in words)}\n"
        "Restart=always\n"
        "RestartSec=1\n"
        # The network waits for it at boot, so it must not take long to fail.
        "TimeoutStartSec=20\n"
        "WatchdogSec=120\n"
        "CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW\n"
        "NoNewPrivileges=yes\n"
        "ProtectSystem=strict\n"
        "ProtectHome=yes\n"
        "PrivateDevices=yes\n"
        "ProtectClock=yes\n"
        "ProtectControlGroups=yes\n"
        "ProtectHostname=yes\n"
        "ProtectKernelLogs=yes\n"
        "ProtectKernelModules=yes\n"
        "RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET6\n"
        "RestrictNamespaces=yes\n"
        "RestrictRealtime=yes\n"
        "RestrictSUIDSGID=yes\n"
        "LockPersonality=yes\n"
        "MemoryDenyWriteExecute=yes\n"
        "SystemCallArchitectures=native\n"
        "SystemCallFilter=@system-service\n"
        "SystemCallFilter=~@privileged @resources\n"
        "UMask=0077\n"
        "\n"
        "[Install]\n"
        "WantedBy=multi-user.target\n"
    )


def _quoted(word: str) -> str:
    """Return a word of a unit file that systemd takes as it is (systemd.service(5), quoting)."""
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{word}"' if any(each in word for each in " \t'\"\\;") or not word else word
