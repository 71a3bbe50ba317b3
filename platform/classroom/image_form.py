"""The form in which an instructor describes a container image."""

from collections.abc import Callable
from typing import Any

from django import forms

from classroom import image_lines
from classroom.image_lines import BadLine, Entry
from simulator.workloads.errors import CatalogError, InvalidImageName
from simulator.workloads.image_catalog import own_images
from simulator.workloads.images import parse

_PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "class": "mono"}


def _line(**more: Any) -> forms.TextInput:
    return forms.TextInput(attrs={**_PLAIN, **more})


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={**_PLAIN, "rows": rows})


class ImageForm(forms.Form):
    """Promises that `entry()` of a valid form is one the simulator takes."""

    name = forms.CharField(
        label="Name", max_length=200, widget=_line(placeholder="acme/shop"),
        help_text="With its registry when it is not docker.io, without a tag.",
    )  # fmt: skip
    tags = forms.CharField(
        label="Tags", max_length=400, initial="latest", widget=_line(), help_text="For example: 1.0, 1.1, latest"
    )
    size_mb = forms.IntegerField(
        label="Size in megabytes",
        min_value=1,
        max_value=20_000,
        initial=40,
        help_text="A larger image is pulled longer.",
    )
    program = forms.CharField(
        label="Program",
        max_length=60,
        required=False,
        widget=_line(),
        help_text="What the container runs. Empty: named like the image.",
    )
    ports = forms.CharField(
        label="Ports",
        max_length=200,
        required=False,
        widget=_line(),
        help_text="For example: 8080/http, 9000/tcp (also udp and grpc)",
    )
    ready_ms = forms.IntegerField(label="Milliseconds until it serves", min_value=0, max_value=3_600_000, initial=300)
    cpu_m = forms.IntegerField(label="CPU when idle, in thousandths", min_value=0, max_value=64_000, initial=2)
    request_us = forms.IntegerField(
        label="CPU time for one request, in microseconds", min_value=0, max_value=10_000_000, initial=1_000
    )
    memory_mb = forms.IntegerField(
        label="Memory in megabytes",
        min_value=1,
        max_value=64_000,
        initial=20,
        help_text="A container with a lower limit is killed: OOMKilled.",
    )
    log = forms.CharField(
        label="What it logs when it starts", max_length=4_000, required=False, widget=_area(4),
        help_text="{at:%H:%M:%S} becomes the time, {hostname} the name of the pod.",
    )  # fmt: skip
    routes = forms.CharField(
        label="How it answers over HTTP", max_length=4_000, required=False, widget=_area(4),
        help_text="A line for each path: path, status, text. With “for 30s” it answers so only while it is younger, then with 404.",
    )  # fmt: skip
    needs = forms.CharField(
        label="How it crashes when misconfigured", max_length=4_000, required=False, widget=_area(3),
        help_text="A line for each variable without which it ends: variable, exit code, what it says. A|B: one of the two is enough.",
    )  # fmt: skip
    writes = forms.CharField(
        label="Folders it must be able to write", max_length=400, required=False, widget=_line(),
        help_text="Where it may not, as with a read-only file system, it ends with an error.",
    )  # fmt: skip

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        try:
            found = parse(name)
        except InvalidImageName as error:
            raise forms.ValidationError(str(error)) from error
        if found.digest or name.rsplit("/", 1)[-1].count(":"):
            raise forms.ValidationError(f"Found {name!r}, wanted a name without a tag or digest.")
        return found.path

    def clean_ports(self) -> list[Entry]:
        return self._read("ports", image_lines.read_ports)

    def clean_routes(self) -> list[Entry]:
        return self._read("routes", image_lines.read_routes)

    def clean_needs(self) -> list[Entry]:
        return self._read("needs", image_lines.read_needs)

    def clean_tags(self) -> str:
        self._read("tags", lambda text: [image_lines.read_tags(text, 1)])
        return str(self.cleaned_data["tags"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        if cleaned["routes"] and not any(port["protocol"] == "http" for port in cleaned["ports"]):
            self.add_error("ports", "Found no http port, wanted one: something is to be answered over HTTP.")
            return cleaned
        try:
            own_images([self.entry()])
        except CatalogError as error:
            raise forms.ValidationError(str(error)) from error
        return cleaned

    def entry(self) -> Entry:
        """As in simulator/workloads/catalog."""
        told = self.cleaned_data
        program = told["program"].strip() or told["name"].rsplit("/", 1)[-1]
        server: Entry = {key: told[key] for key in ("ready_ms", "cpu_m", "request_us", "memory_mb", "routes", "needs")}
        server |= {
            "listens": told["ports"],
            "stop_ms": 100,
            "log": told["log"].splitlines(),
            "writes": told["writes"].split(),
        }
        server["write_error"] = f"{program}: cannot write {{path}}: {{why}}"
        server["bind_error"] = [f"{program}: cannot listen on port {{port}}: Address already in use"]
        return {
            "name": told["name"],
            "tags": image_lines.read_tags(told["tags"], told["size_mb"]),
            "cmd": [program],
            "programs": ["curl"],
            "servers": {program: server},
        }

    @staticmethod
    def initial_of(entry: Entry) -> dict[str, Any]:
        """What the form shows of an image that exists."""
        ((program, server),) = entry["servers"].items()
        plain = {key: server[key] for key in ("ready_ms", "cpu_m", "request_us", "memory_mb")}
        return {
            **plain,
            "name": entry["name"].removeprefix("docker.io/library/").removeprefix("docker.io/"),
            "tags": ", ".join(entry["tags"]),
            "size_mb": next(iter(entry["tags"].values())),
            "program": program,
            "ports": image_lines.told_ports(server["listens"]),
            "log": "\n".join(server["log"]),
            "routes": image_lines.told_routes(server["routes"]),
            "needs": image_lines.told_needs(server["needs"]),
            "writes": " ".join(server["writes"]),
        }

    def _read(self, field: str, read: Callable[[str], list[Entry]]) -> list[Entry]:
        try:
            return read(str(self.cleaned_data[field]))
        except BadLine as error:
            raise forms.ValidationError(str(error)) from error
