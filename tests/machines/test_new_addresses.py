"""Who trusts an old subnet, and who outside sees a new address: told before, with what to set."""

import re
import subprocess
from ipaddress import IPv4Network, IPv6Network, ip_address

import pytest

from tests.lines import PATIENCE
from tests.machines.conftest import StartMachine
from tests.machines.support import ANSWERS, RECORD, answer, apply, wizard
from tests.machines.visitors import deploy, sentences
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal import network
from wizard.rehearsal.deployment import Deployment
from wizard.rehearsal.machine import Machine

PREFIX = IPv6Network("2001:db8:1:2:1::/80")
OLD = IPv4Network("172.18.0.0/16")

TRUSTING = """\
    services:
      app:
        image: mastodon-practice:1
        command: httpd -f -vv -p 8080 -h /srv/www
        env_file: app.env
        environment:
          TRUSTED_PROXIES: "172.18.0.0/16"
          OTHER_HOST: "172.18.0.9"
          BROAD: "172.16.0.0/12, 192.0.2.1"
        ports: ["127.0.0.1:8080:8080"]
        networks: [front]
        volumes: ["./nginx.conf:/etc/nginx.conf:ro", "./more:/etc/more"]
    networks:
      front:
        ipam:
          config: [{subnet: 172.18.0.0/16}]
    """


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("debian", "mode"),
    [
        pytest.param(12, Mode.ULA, marks=pytest.mark.thorough),
        pytest.param(12, Mode.ROUTED, marks=pytest.mark.thorough),
        pytest.param(13, Mode.ROUTED),
        pytest.param(13, Mode.ULA, marks=pytest.mark.thorough),
        pytest.param(14, Mode.ULA, marks=pytest.mark.thorough),
        pytest.param(14, Mode.ROUTED, marks=pytest.mark.thorough),
    ],
    indirect=["debian"],
)
def test_who_trusts_the_old_subnet_is_named_with_the_new_one(
    machine: StartMachine, mode: Mode
) -> None:
    host = machine()
    folder = host.path("/srv/mastodon")
    folder.mkdir(parents=True)
    (folder / "app.env").write_text("# proxies\nALLOWED=10.0.0.0/8,172.18.0.1\nKEY=s3cret\n")
    (folder / "nginx.conf").write_text("http {\n  set_real_ip_from 172.18.0.0/16;\n}\n")
    (folder / "more").mkdir()
    (folder / "more/proxies.toml").write_text('trustedIPs = ["172.18.0.0/16"]\n')
    deployment = deploy(host, TRUSTING)
    host.shell(
        "iptables -A INPUT -s 172.18.0.0/16 -p tcp --dport 5432 -j ACCEPT; "
        "nft add table inet theirs; nft add chain inet theirs c; "
        "nft add rule inet theirs c ip saddr 172.18.0.0/16 tcp dport 6379 accept"
    )
    prefix = {"prefix": PREFIX} if mode is Mode.ROUTED else {}
    chosen = answer(host, deployment, mode=mode, services=("app",), **prefix)

    script = wizard(host, "--plan", "--answers", ANSWERS).stdout

    (said,) = re.findall(r"The chosen containers, and this host .*? let in\.", sentences(script))
    # A network without IPv4 leaves where IPv4 comes from as it was.
    new = re.findall(r"--subnet[ =](172\.\d+\.0\.0/16)", script)
    for place in (
        "TRUSTED_PROXIES in the environment of app (172.18.0.0/16)",
        "BROAD in the environment of app (172.16.0.0/12)",
        "ALLOWED in the environment of app (172.18.0.1/32)",
        "/srv/mastodon/docker-compose.yml, line 7 (172.18.0.0/16)",
        "/srv/mastodon/app.env, line 2 (172.18.0.1/32)",
        "/srv/mastodon/nginx.conf, line 2 (172.18.0.0/16)",
        "/srv/mastodon/more/proxies.toml, line 1 (172.18.0.0/16)",
        f"Add {' and '.join([*new, str(chosen.prefix)])} in each",
    ):
        assert place in said
    for rule in (
        "iptables -A INPUT -s 172.18.0.0/16 -p tcp -m tcp --dport 5432 -j ACCEPT",
        "nft inet theirs c: ip saddr 172.18.0.0/16 tcp dport 6379 accept",
    ):
        assert (rule in said) == bool(new)
    for other in ("OTHER_HOST", "10.0.0.0/8", "MASQUERADE", "line 16", "192.0.2.1/32", "s3cret"):
        assert other not in said

    done = apply(host)

    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    text = "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/health').read()"
    host.run(["python3", "-c", text])
    log = host.run(["docker", "logs", deployment.container("app")])
    seen = re.findall(r"(?:\[::ffff:)?(\d+\.\d+\.\d+\.\d+)\]?:\d+", log.stdout + log.stderr)
    assert seen
    told = [OLD, *map(IPv4Network, new)]
    assert all(any(ip_address(each) in subnet for subnet in told) for each in seen)
    if new:
        # What this is about: the old subnet alone would not recognise it any more.
        assert not all(ip_address(each) in OLD for each in seen)
    for kept in (ANSWERS, RECORD):
        assert "s3cret" not in host.path(kept).read_text()


MAILING = """\
    services:
      web:
        image: mastodon-practice:1
        command: sleep 1000000
        env_file: web.env
    """
VARIABLES = """\
SMTP_SERVER=smtp.example.org
SMTP_PASSWORD=hunter2
S3_ENDPOINT=https://key:hunter2@store.example.net:9000/bucket
DB_HOST=db
REDIS_URL=redis://:hunter2@redis.example.net:6379/0
LOCAL_DOMAIN=smtp.example.org
"""


KNOWN = (
    "smtp.example.org,2001:db8:ffff::25",
    "store.example.net,2001:db8:ffff::26",
    "redis.example.net,192.0.2.77",
)


def answer_names(host: Machine, *records: str) -> subprocess.Popen[bytes]:
    """Have the server that the machine asks know these names, and that there are no others."""
    words = [
        *("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"),
        *("--user=root", "--pid-file=", "--bind-interfaces", "--except-interface=lo"),
        f"--listen-address={network.INTERNET_IPV4}",
        *(f"--local=/{domain}/" for domain in ("arpa", "org", "net")),
        *(f"--host-record={record}" for record in records),
    ]
    server = host.router.spawn(words)
    (name, _, address) = records[-1].partition(",")
    known = ["getent", "ahosts", name]
    host.wait(lambda: address in host.run(known, check=False).stdout, "the names")
    return server


def deploy_mailing(host: Machine) -> Deployment:
    folder = host.path("/srv/mastodon")
    folder.mkdir(parents=True)
    (folder / "web.env").write_text(VARIABLES)
    return deploy(host, MAILING)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("debian", "mode"),
    [
        pytest.param(12, Mode.ULA),
        pytest.param(13, Mode.ROUTED, marks=pytest.mark.thorough),
        pytest.param(14, Mode.ULA, marks=pytest.mark.thorough),
        pytest.param(14, Mode.ROUTED, marks=pytest.mark.thorough),
    ],
    indirect=["debian"],
)
def test_servers_outside_that_will_see_a_new_address_are_named(
    machine: StartMachine, mode: Mode
) -> None:
    host = machine()
    server = answer_names(host, *KNOWN)
    deployment = deploy_mailing(host)
    prefix = {"prefix": PREFIX} if mode is Mode.ROUTED else {}
    answer(host, deployment, mode=mode, services=("web",), **prefix)

    def said() -> str:
        return sentences(wizard(host, "--plan", "--answers", ANSWERS).stdout)

    # On a busy machine the first look of all may leave the DNS no time.
    host.wait(lambda: "did not say in time" not in said(), "the DNS")
    first = said()
    assert "smtp.example.org (SMTP_SERVER of web)" in first
    assert "store.example.net (S3_ENDPOINT of web)" in first
    assert "redis.example.net" not in first
    assert "LOCAL_DOMAIN" not in first
    seen = str(PREFIX) if mode is Mode.ROUTED else host.address
    assert f"ip6:{seen} to the SPF record" in first
    if mode is Mode.ULA:
        assert "no PTR record that leads back" in first
        server.terminate()
        server.wait(PATIENCE)
        answer_names(host, *KNOWN, f"mail.example.org,{host.address}")
        back = "the name mail.example.org, which leads back"
        host.wait(lambda: back in said(), "the name of the host's own address")
    listed = wizard(host, "--detect", "--json").stdout
    assert "SMTP_SERVER" in listed
    for text in (first, listed):
        assert "hunter2" not in text

    assert apply(host).returncode == ExitCode.DONE

    assert "hunter2" not in host.path(RECORD).read_text()


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [13], indirect=True)
def test_a_resolver_that_is_silent_holds_nothing_up(machine: StartMachine) -> None:
    """Answers of the DNS are no part of what is applied, and are waited for a second or two."""
    host = machine()
    host.path("/etc/resolv.conf").write_text("nameserver 198.51.100.53\n")
    deployment = deploy_mailing(host)
    answer(host, deployment, services=("web",))

    listed = wizard(host, "--detect", "--json")

    assert '"projects": {' not in listed.stdout
    assert '"name": "smtp.example.org"' in listed.stdout
    assert apply(host).returncode == ExitCode.DONE
