#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The HTML pages of a real worker.

    pages.py [--browser] [BUILD]

Without a browser: statuses, headers, sound HTML, no reference to anything elsewhere, links that
lead somewhere, every method described. With --browser also in headless Chromium: what it makes of
them, that it finds nothing to complain about, that it asks nobody else for anything, and that
they fit on a phone.
"""

import argparse
import contextlib
import html.parser
import json
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WAIT = 60
PREFIX = "/api/v1"
EMPTY = {"meta", "link", "br"}
PHONE = (390, 844)
DESKTOP = (1280, 900)


def require(condition, what):
    if not condition:
        raise AssertionError(what)


class Reader(html.parser.HTMLParser):
    """Takes a page apart, and refuses what is not closed or not in order."""

    def __init__(self, page):
        super().__init__()
        self.open, self.ids, self.links, self.text, self.titles = [], [], [], [], []
        self.feed(page)
        self.close()
        require(not self.open, f"still open: {self.open}")

    def handle_starttag(self, tag, attrs):
        require(tag not in ("script", "iframe", "img", "object"), f"there is a {tag}")
        for name, value in attrs:
            require(not name.startswith("on") and name != "style", f"attribute {name} of {tag}")
            if name in ("href", "src"):
                self.links.append(value)
            elif name == "id":
                self.ids.append(value)
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        require(self.open and self.open[-1] == tag, f"</{tag}> in {self.open}")
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "title":
            self.titles.append(data)
        elif "style" not in self.open:
            self.text.append(data)

    @property
    def title(self):
        return "".join(self.titles)

    @property
    def words(self):
        return "".join(self.text)


@contextlib.contextmanager
def worker(build, *options):
    """Its address."""
    argv = [build / "bin" / "vgirpc-conformance-worker", "--http", "--prefix", PREFIX, *options]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        port = int(process.stdout.readline().removeprefix("PORT:"))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=WAIT)


def fetch(url):
    """Status, headers, body."""
    request = urllib.request.Request(url, headers={"Accept": "text/html"})
    try:
        answer = urllib.request.urlopen(request, timeout=WAIT)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers, answer.read().decode()


class Pages:
    """Tests, by what they look at."""

    def __init__(self, build, base):
        self.build, self.base = build, base
        self.home = base + PREFIX

    def read(self, url, status):
        got, headers, body = fetch(url)
        require(got == status, f"{url}: status {got}")
        require(headers["Content-Type"] == "text/html; charset=utf-8", headers["Content-Type"])
        require("default-src 'none'" in headers["Content-Security-Policy"], "no policy")
        require("no-store" in headers["Cache-Control"], headers["Cache-Control"])
        require(headers["X-Content-Type-Options"] == "nosniff", "no nosniff")
        page = Reader(body)
        require(len(set(page.ids)) == len(page.ids), "an id is there twice")
        for link in page.links:
            require(link.startswith(("/", "#", "data:image/svg")), f"link to {link}")
            if link.startswith("#"):
                require(link[1:] in page.ids, f"{link} leads nowhere")
            elif link.startswith("/"):
                require(fetch(self.base + link)[0] == status or status != 200, f"{link} is dead")
        return page

    def methods(self):
        argv = [self.build / "bin" / "vgirpc", "describe", self.home, "--json"]
        done = subprocess.run(argv, capture_output=True, timeout=WAIT, check=True)
        return [method["name"] for method in json.loads(done.stdout)["methods"]]

    def landing(self):
        page = self.read(self.home, 200)
        require(page.title == "Overview · ConformanceService", page.title)
        require(f"vgirpc describe {self.home}" in page.words, "no example")
        require(f"curl {self.home}/health" in page.words, "no health")

    def describe(self):
        page = self.read(self.home + "/describe", 200)
        names = self.methods()
        require(len(names) > 50, f"{len(names)} methods")
        for name in names:
            require(f"ConformanceService.{name}" in page.ids, f"{name} is not described")
        require("one of PENDING, ACTIVE, CLOSED" in page.words, "no names of an enum")
        require('default "-"' in page.words, "no default")

    def not_found(self):
        page = self.read(self.base + "/no/<b>'%3Ci%3E/way/out", 404)
        require("/no/<b>'%3Ci%3E/way/out" in page.words, "not the path")
        require("ConformanceService" in page.words and PREFIX in page.words, "not where to look")

    def unauthorized(self):
        with worker(self.build, "--auth-reject-all") as base:
            status, headers, body = fetch(base + PREFIX)
        require(status == 401, f"status {status}")
        require(headers["VGI-Auth-Reason"] == "missing_credential", headers["VGI-Auth-Reason"])
        require(Reader(body).title == "Unauthorized · ConformanceService", "another title")


class Browser:
    """Headless Chromium."""

    def __init__(self, pages, program, folder):
        self.pages, self.program, self.folder = pages, program, folder
        self.runs = 0

    def load(self, url, size=DESKTOP, *flags):
        """The document as it is after loading."""
        self.runs += 1
        log = self.folder / f"net{self.runs}.json"
        argv = [
            self.program,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            "--enable-logging=stderr",
            f"--window-size={size[0]},{size[1]}",
            f"--user-data-dir={self.folder / f'profile{self.runs}'}",
            f"--log-net-log={log}",
            *flags,
            "--dump-dom",
            url,
        ]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=WAIT, check=True)
        complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        require(not complaints, f"{url}: {complaints}")
        require(done.stdout.startswith("<!DOCTYPE html>"), f"no document: {done.stdout[:100]!r}")
        require(url in self.requests(log) or url.startswith("file:"), "no request was seen")
        asked = [other for other in self.requests(log) if other != url]
        require(not asked, f"it asked for {asked}")
        return done.stdout

    @staticmethod
    def requests(log):
        """Addresses that the page asked for; what the browser asks for itself is not counted."""
        events = json.loads(log.read_text())
        start = events["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
        for event in events["events"]:
            params = event.get("params", {})
            if event["type"] == start and "127.0.0.1" in params.get("network_isolation_key", ""):
                yield params["url"]

    def shows(self, path, *parts):
        document = self.load(self.pages.base + path)
        for part in parts:
            require(part in document, f"{path}: no {part}")

    def landing(self):
        self.shows(PREFIX, "<title>Overview · ConformanceService</title>", "vgirpc describe ")

    def describe(self):
        names = [f'id="ConformanceService.{name}"' for name in self.pages.methods()]
        self.shows(PREFIX + "/describe", "<title>Methods · ConformanceService</title>", *names)

    def not_found(self):
        self.shows("/nowhere", "<title>Not found · ConformanceService</title>", "/nowhere")

    def phone(self):
        """Nothing is wider than the screen. The page forbids scripts, so a copy is asked."""
        width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        ask = f"<script>document.title = {width}</script>"
        for path in (PREFIX, PREFIX + "/describe", "/" + 100 * "nowhere"):
            copy = self.folder / "copy.html"
            copy.write_text(fetch(self.pages.base + path)[2].replace("</body>", ask + "</body>"))
            title = self.load(copy.as_uri(), PHONE).split("<title>")[1].split("</title>")[0]
            require(title == "0", f"{path} is {title} pixels too wide")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--browser", action="store_true")
    parser.add_argument("build", nargs="?", type=Path, default=ROOT / "build")
    options = parser.parse_args()
    build = options.build.resolve()
    passed = failed = 0
    with worker(build) as base, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        pages = Pages(build, base)
        tests = [pages.landing, pages.describe, pages.not_found, pages.unauthorized]
        if options.browser:
            chromium = shutil.which("chromium")
            browser = Browser(pages, chromium, Path(folder))
            tests += [browser.landing, browser.describe, browser.not_found, browser.phone]
        for test in tests:
            try:
                test()
                passed += 1
            except Exception as error:  # whatever it is, the others are to run
                print(f"{test.__qualname__}: FAILED: {type(error).__name__}: {error}")
                failed += 1
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
