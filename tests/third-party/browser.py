"""Debian's Chromium, headless, doing what a test tells it line by line: each line is a JSON list of a verb and its arguments, each answer a JSON object
with `value` or `error`. Everything that a page asked for, and everything that its console said, is kept from one `watched` to the next."""

import base64
import json
import sys
import tempfile
import time
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import JavascriptException, WebDriverException
from selenium.webdriver.chrome.service import Service

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
]
PATIENCE = 30  # Seconds that a page may take to become what is waited for.


class Browser:
    def __init__(self, profile, pictures):
        self.pictures = Path(pictures)
        self.pictures.mkdir(parents=True, exist_ok=True)
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in [*FLAGS, f"--user-data-dir={profile}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        # What Chromium's own first page asked for is not the tests' affair.
        self.open("about:blank")
        self.watched()

    def screen(self, width, height, scheme="light", zone="UTC"):
        """The size of the window, as a phone's where it is narrow, what the reader likes, and where they are."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 2 if width < 500 else 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        liked = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", liked)
        self.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": zone})

    def scripts(self, allowed):
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not allowed})

    def open(self, url):
        self.driver.get(url)

    def evaluate(self, expression):
        return self.driver.execute_script(f"return ({expression});")

    def wait(self, expression):
        """Until the expression holds; its value."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                value = self.evaluate(expression)
            except JavascriptException as error:
                value, said = None, error.msg
            else:
                said = value
            if value:
                return value
            if time.monotonic() > until:
                text = self.evaluate("document.body.innerText")
                raise AssertionError(f"{expression} is {said!r} after {PATIENCE} s; the page says:\n{text}")
            time.sleep(0.05)

    def click(self, selector):
        self.driver.find_element("css selector", selector).click()

    def type(self, selector, text):
        self.driver.find_element("css selector", selector).send_keys(text)

    def picture(self, name):
        """The whole page, also what is below the window's edge."""
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        wanted = {"format": "png", "captureBeyondViewport": True, "clip": clip}
        image = self.driver.execute_cdp_cmd("Page.captureScreenshot", wanted)
        self.keep(f"{name}.png", image["data"])

    def printed(self, name):
        """The page as it is printed, on A4."""
        paper = {"printBackground": True, "paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": True}
        self.keep(f"{name}.pdf", self.driver.execute_cdp_cmd("Page.printToPDF", paper)["data"])

    def keep(self, name, data):
        (self.pictures / name).write_bytes(base64.b64decode(data))

    def watched(self):
        """What was asked for, and what the console said, since the last time."""
        asked = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.append(message["params"]["request"]["url"])
        said = [f"{entry['level']} {entry['message']}" for entry in self.driver.get_log("browser")]
        return {"asked": asked, "said": said}


VERBS = {
    "screen", "scripts", "open", "evaluate", "wait", "click", "type", "picture", "printed", "watched",
}


def main():
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(profile, sys.argv[1])
        try:
            for line in sys.stdin:
                verb, *arguments = json.loads(line)
                try:
                    if verb not in VERBS:
                        raise AssertionError(f"there is no verb {verb}")
                    answer = {"value": getattr(browser, verb)(*arguments)}
                except (AssertionError, WebDriverException) as error:
                    answer = {"error": str(error)}
                print(json.dumps(answer), flush=True)
        finally:
            browser.driver.quit()


main()
