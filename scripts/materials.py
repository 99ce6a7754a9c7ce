"""What is linked into a package: a bill of materials (CycloneDX) and the licences and notices to go with it.

Usage: materials.py PACKAGE BILL.cdx.json NOTICES.txt CRATE…     in the checkout's root; reads Cargo.lock and ui/package-lock.json
"""

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import tomllib
import uuid
from datetime import datetime, timezone
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

PACKAGE, OUT_BILL, OUT_NOTICES, *PROGRAMS = sys.argv[1:]
TARGET = f"{platform.machine()}-unknown-linux-gnu"
NOTICE = re.compile(r"^(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)


def cargo(*words: str) -> str:
    return subprocess.run(["cargo", *words], check=True, stdout=subprocess.PIPE, text=True).stdout


class Part:
    """One crate or npm package that ends up in a program."""

    def __init__(self, kind, name, version, licence, hashes, folder, ours, needs):
        self.kind, self.name, self.version, self.licence = kind, name, version, licence
        self.hashes, self.folder, self.ours, self.needs = hashes, folder, ours, needs
        self.key = f"pkg:{kind}/{name}@{version}"

    def component(self, licences: LicenseFactory) -> Component:
        namespace, _, name = self.name.rpartition("/")
        return Component(
            type=ComponentType.APPLICATION if self.name in PROGRAMS else ComponentType.LIBRARY,
            bom_ref=self.key,
            group=namespace or None,
            name=name,
            version=self.version,
            licenses=[licences.make_from_string(self.licence.replace("/", " OR "))] if self.licence else [],
            hashes=self.hashes,
            purl=None if self.ours else PackageURL(self.kind, namespace or None, name, self.version),
        )


def crates() -> list[Part]:
    """The crates that are linked on this platform, not those that only build or test."""
    linked = set()
    selected = [word for program in PROGRAMS for word in ("--package", program)]
    tree = cargo("tree", "--locked", *selected, "--target", TARGET, "--edges", "normal", "--prefix", "none", "--format", "{p}")
    for line in filter(None, tree.splitlines()):
        name, version = line.split()[:2]
        linked.add((name, version.removeprefix("v")))
    metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET))
    locked = tomllib.loads(Path("Cargo.lock").read_text())["package"]
    sums = {(each["name"], each["version"]): each.get("checksum") for each in locked}
    packages = {each["id"]: each for each in metadata["packages"] if (each["name"], each["version"]) in linked}
    parts = []
    for node in metadata["resolve"]["nodes"]:
        package = packages.get(node["id"])
        if package is None:
            continue
        needs = [
            f"pkg:cargo/{packages[each['pkg']]['name']}@{packages[each['pkg']]['version']}"
            for each in node["deps"]
            if each["pkg"] in packages and any(kind["kind"] is None for kind in each["dep_kinds"])
        ]
        checksum = sums.get((package["name"], package["version"]))
        hashes = [HashType(alg=HashAlgorithm.SHA_256, content=checksum)] if checksum else []
        folder = Path(package["manifest_path"]).parent
        ours = package["source"] is None
        parts.append(Part("cargo", package["name"], package["version"], package["license"], hashes, folder, ours, needs))
    return parts


def page() -> list[Part]:
    """The npm packages that the page's own modules import, and what these need in turn."""
    lock = json.loads(Path("ui/package-lock.json").read_text())["packages"]
    imported = set()
    for file in sorted(Path("ui/src").rglob("*")):
        if file.suffix in {".ts", ".js", ".svelte"} and ".test." not in file.name:
            imported |= set(re.findall(r"""from ["']((?:@[\w.-]+/)?[\w][\w.-]*)""", file.read_text()))
    waiting = sorted(name for name in imported if f"node_modules/{name}" in lock)
    found: dict[str, Part] = {}
    while waiting:
        name = waiting.pop()
        entry = lock.get(f"node_modules/{name}")
        if entry is None or name in found:
            continue
        needs = sorted(entry.get("dependencies", {}))
        folder = Path("ui/node_modules", name)
        found[name] = Part("npm", name, entry["version"], entry.get("license"), [], folder, False, needs)
        waiting += needs
    for part in found.values():
        part.needs = [found[name].key for name in part.needs if name in found]
    return list(found.values())


def bill(parts: list[Part], version: str) -> str:
    """The bill as JSON, checked against CycloneDX's own schema. The same parts give the same text."""
    licences = LicenseFactory()
    components = {part.key: part.component(licences) for part in parts}
    result = Bom(components=components.values())
    result.metadata.component = Component(type=ComponentType.APPLICATION, name=PACKAGE, version=version, bom_ref=PACKAGE)
    result.metadata.timestamp = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), timezone.utc)
    content = "\n".join(sorted(components))
    result.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, hashlib.sha256(content.encode()).hexdigest())
    for part in parts:
        result.register_dependency(components[part.key], [components[key] for key in part.needs])
    shells = [components[part.key] for part in parts if part.name in PROGRAMS]
    result.register_dependency(result.metadata.component, shells)
    for part in parts:
        if part.name == "kiro-desktop":
            pages = [components[each.key] for each in parts if each.kind == "npm"]
            result.register_dependency(components[part.key], pages)
    text = JsonV1Dot6(result).output_as_string(indent=2)
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong:
        sys.exit(f"error: The bill of materials does not fit its schema: {wrong}")
    return text + "\n"


def notices(parts: list[Part]) -> str:
    """Each licence text once, under the names of all that it comes with."""
    bearers: dict[str, list[str]] = {}
    silent = []
    for part in parts:
        if part.ours:
            continue
        files = sorted(file for file in part.folder.iterdir() if file.is_file() and NOTICE.match(file.name))
        title = f"{part.name} {part.version} ({part.licence})"
        for file in files:
            bearers.setdefault(file.read_text(errors="replace").strip(), []).append(title)
        if not files:
            silent.append(title)
    blocks = ["\n".join([*sorted(set(titles)), "", text]) for text, titles in sorted(bearers.items(), key=lambda each: each[1])]
    if silent:
        blocks.append("These come without a text of their own; their licence is named beside them:\n\n" + "\n".join(sorted(silent)))
    rule = "-" * 80
    return f"\n\n{rule}\n\n".join(blocks) + "\n"


def main() -> None:
    version = tomllib.loads(Path("Cargo.toml").read_text())["workspace"]["package"]["version"]
    parts = sorted([*crates(), *(page() if "kiro-desktop" in PROGRAMS else [])], key=lambda part: part.key)
    Path(OUT_BILL).write_text(bill(parts, version))
    Path(OUT_NOTICES).write_text(notices(parts))
    print(f"{len(parts)} parts")


main()
