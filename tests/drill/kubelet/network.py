"""The network of one machine: an address for each pod, reached over a pair of virtual cables."""

import subprocess
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

# Of the machine on which everything runs that is no pod: control plane, databases, Prometheus.
NODE_ADDRESS = "10.244.0.1"


@dataclass
class PodNetwork:
    """A network of a pod's own, which is there as long as somebody holds it open."""

    address: str
    holder: subprocess.Popen[bytes] = field(repr=False)

    @property
    def file(self) -> Path:
        """Return what a program enters the network by."""
        return Path(f"/proc/{self.holder.pid}/ns/net")

    def close(self) -> None:
        """Let it go; the cables go with it."""
        self.holder.kill()
        self.holder.wait()


class Network:
    """Gives out the addresses of one node."""

    def __init__(self, number: int) -> None:
        self._prefix = f"10.244.{number}"
        self._numbers = count(2)

    def open(self) -> PodNetwork:
        """Make a network for a pod, connected with the machine's."""
        number = next(self._numbers)
        address, cable = f"{self._prefix}.{number}", f"v{self._prefix.rpartition('.')[2]}x{number}"
        holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], stdin=subprocess.DEVNULL)
        pod = PodNetwork(address, holder)
        _until_apart(holder.pid)
        _run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
        _run("ip", "link", "set", cable, "up")
        _run("ip", "route", "add", f"{address}/32", "dev", cable)
        self.inside(pod, "ip", "link", "set", "lo", "up")
        self.inside(pod, "ip", "addr", "add", f"{address}/32", "dev", "eth0")
        self.inside(pod, "ip", "link", "set", "eth0", "up")
        self.inside(pod, "ip", "route", "add", NODE_ADDRESS, "dev", "eth0", "scope", "link")
        self.inside(pod, "ip", "route", "add", "default", "via", NODE_ADDRESS, "dev", "eth0")
        # An address below 1024 is for everybody in a pod, as the pods' own setting wants it.
        self.inside(pod, "sysctl", "-qw", "net.ipv4.ip_unprivileged_port_start=0")
        return pod

    def inside(self, pod: PodNetwork, *command: str) -> None:
        """Run a command in a pod's network."""
        _run("nsenter", f"--net={pod.file}", *command)

    def redirect(self, pod: PodNetwork, agent: str) -> None:
        """Lead the pod's traffic through its sidecar."""
        arguments = ["-p", "15001", "-z", "15006", "-u", "1337", "-m", "REDIRECT", "-i", "*", "-b", "*"]
        self.inside(pod, agent, "istio-iptables", *arguments, "-d", "15090,15021,15020")


def open_machine() -> None:
    """Give the machine its address, in a network in which there is nothing yet."""
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "addr", "add", f"{NODE_ADDRESS}/32", "dev", "lo")
    _run("sysctl", "-qw", "net.ipv4.ip_forward=1")


def _until_apart(pid: int) -> None:
    own = Path("/proc/self/ns/net").readlink()
    while Path(f"/proc/{pid}/ns/net").readlink() == own:
        pass


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
