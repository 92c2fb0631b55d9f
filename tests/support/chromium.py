"""Headless Chromium by its DevTools protocol over a pipe: what a page says, asks for and looks like."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

BINARY = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe"),
)


@dataclass
class Visit:
    """One page that was opened: its messages, errors and requests, and a way to ask it more."""

    browser: Browser
    session: str
    target: str
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def run(self, expression):
        """Value of a JavaScript expression, promises awaited."""
        asked = {"expression": expression, "returnByValue": True, "awaitPromise": True, "userGesture": True}
        answer = self.browser.call("Runtime.evaluate", asked, self.session)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def screenshot(self, path=None, *, whole=True):
        asked = {"format": "png", "captureBeyondViewport": whole}
        png = base64.b64decode(self.browser.call("Page.captureScreenshot", asked, self.session)["data"])
        if path is not None:
            Path(path).write_bytes(png)
        return png

    def pdf(self, path=None):
        asked = {"preferCSSPageSize": True, "printBackground": True}
        data = base64.b64decode(self.browser.call("Page.printToPDF", asked, self.session)["data"])
        if path is not None:
            Path(path).write_bytes(data)
        return data

    def close(self):
        self.browser.call("Target.closeTarget", {"targetId": self.target})


class Browser:
    """A process of its own with a profile of its own; to be used in a ``with``."""

    def __init__(self):
        assert BINARY, "no Chromium: install it (.ci/system-packages does)"
        self._profile = tempfile.mkdtemp(prefix="chromium-")
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()

        def descriptors():
            # Chromium reads commands from 3 and writes answers to 4; copies, since 3 and 4 may be taken.
            low, high = os.dup(to_read), os.dup(to_write)
            os.dup2(low, 3)
            os.dup2(high, 4)
            os.set_inheritable(3, True)
            os.set_inheritable(4, True)

        self._process = subprocess.Popen(
            [BINARY, *FLAGS, f"--user-data-dir={self._profile}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, close_fds=False,
            preexec_fn=descriptors, start_new_session=True,
        )  # fmt: skip
        os.close(to_read)
        os.close(to_write)
        self._buffer, self._number, self._events = b"", 0, []
        self._visits = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
            self._process.wait(10)
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._read)
        os.close(self._write)
        shutil.rmtree(self._profile, ignore_errors=True)

    def call(self, method, params=None, session=None):
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            got = self._next()
            if got.get("id") == number:
                assert "error" not in got, f"{method}: {got['error']}"
                return got["result"]
            self._note(got)

    def _next(self, seconds=60.0):
        end = time.monotonic() + seconds
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(end - time.monotonic(), 0))
            chunk = os.read(self._read, 1 << 20) if ready else b""
            assert chunk, "the browser does not answer"
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(line)

    def _note(self, event):
        visit, method, params = self._visits.get(event.get("sessionId")), event.get("method"), event.get("params", {})
        if visit is None:
            return
        if method == "Runtime.consoleAPICalled":
            visit.console.append(" ".join(str(a.get("value", a.get("description"))) for a in params["args"]))
        elif method == "Runtime.exceptionThrown":
            visit.console.append(json.dumps(params["exceptionDetails"]))
        elif method == "Log.entryAdded":
            visit.console.append(f"{params['entry']['level']}: {params['entry']['text']}")
        elif method == "Network.requestWillBeSent":
            visit.requests.append(params["request"]["url"])
        self._events.append((event.get("sessionId"), method))

    def open(self, url, width=1280, height=900, *, phone=False):
        """Open a page in a window of this size and wait until it is loaded."""
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        visit = self._visits[session] = Visit(self, session, target)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable", session=session)
        size = {"width": width, "height": height, "deviceScaleFactor": 2 if phone else 1, "mobile": phone}
        self.call("Emulation.setDeviceMetricsOverride", size, session)
        self._events.clear()
        self.call("Page.navigate", {"url": str(url)}, session)
        while (session, "Page.loadEventFired") not in self._events:
            self._note(self._next())
        # What is decoded and laid out late is part of the page as well.
        visit.run("Promise.all([...document.images].map((i) => i.decode().catch(() => 0))).then(() => 1)")
        return visit
