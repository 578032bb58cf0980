"""A real browser that looks at pages: what it shows, asks for, logs and refuses."""

from __future__ import annotations

import json
import shutil
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from tests.support import require

if TYPE_CHECKING:
    from pathlib import Path

    from selenium.webdriver.remote.webelement import WebElement

_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--window-size=1200,900",
)
#: Returns what a reader can see: not what is folded, of which WebDriver knows nothing.
_VISIBLE: Final = "return [...document.querySelectorAll(arguments[0])].filter((each) => each.checkVisibility())"


class Browser:
    """A headless Chromium, with the page that it shows."""

    def __init__(self, profile: Path, *, scripts: bool = True) -> None:
        found = [shutil.which(name) for name in ("chromium", "chromedriver")]
        require("chromium", found=all(found), otherwise="chromium and chromedriver are not installed")
        options = Options()
        options.binary_location = str(found[0])
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        if not scripts:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = Chrome(options=options, service=Service(str(found[1])))
        self._cdp("Network.enable")

    def close(self) -> None:
        """End it."""
        self.driver.quit()

    def _cdp(self, command: str, **arguments: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, arguments)

    def open(self, path: Path, at: str = "", *, width: int = 1200, height: int = 900, theme: str = "light") -> float:
        """Open a page as a reader with this window and theme does; return the seconds until it is there."""
        self._cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        size = {"width": width, "height": height, "deviceScaleFactor": 1}
        self._cdp("Emulation.setDeviceMetricsOverride", mobile=width < 600, **size)
        self.driver.get("about:blank")
        self.requests()
        self.complaints()
        begun = monotonic()
        self.driver.get(path.as_uri() + at)
        self.run("return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return monotonic() - begun

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page, and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def all(self, selector: str) -> list[WebElement]:
        """The elements that a reader can see."""
        found: list[WebElement] = self.run(_VISIBLE, selector)
        return found

    def one(self, selector: str) -> WebElement:
        """The one element that a reader can see."""
        (found,) = self.all(selector)
        return found

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, wherever the focus is."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def names(self) -> list[str]:
        """The own names of the tests that are listed."""
        return [each.text for each in self.all("#tests .name b")]

    def requests(self) -> list[str]:
        """What was asked for since this was asked last, but for the page and what is within it."""
        events = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        urls = [each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(("data:", "about:")) and not url.endswith(".html")]

    def complaints(self) -> list[str]:
        """What the browser has logged since this was asked last: errors, and what the page's policy forbade."""
        return [entry["message"] for entry in self._log("browser")]

    def _log(self, kind: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call] # selenium's
        return entries

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.run("return document.documentElement.scrollWidth - window.innerWidth"))
