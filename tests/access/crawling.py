"""Walks the admin site as a person would, and as one who would do harm: every link, every form, every id that another has.

No list of addresses: what is found on the pages is followed, whatever it is.
"""

from collections import Counter
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

from .matrix import undone

MOST = 1500  # pages; more means that the crawler goes round in circles
VARIANTS = 4  # of one page with the same names in its query, as by every column in every order


class Page(HTMLParser):
    """The links and the forms of a page."""

    def __init__(self, html, address):
        super().__init__()
        self.address, self.links, self.forms, self.form, self.select = address, set(), [], None, None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        have = dict(attributes)
        if tag == "a" and have.get("href") and not have["href"].startswith(("#", "mailto:")):
            self.links.add(urljoin(self.address, have["href"]).split("#")[0])
        elif tag == "form":
            action = urljoin(self.address, have.get("action") or self.address)
            self.form = {"method": have.get("method", "get").lower(), "action": action, "fields": {}}
            self.forms.append(self.form)
        elif self.form is not None and tag in ("input", "button", "textarea") and have.get("name"):
            self.form["fields"].setdefault(have["name"], []).append(have.get("value") or "")
            if have.get("formaction"):
                other = {**self.form, "action": urljoin(self.address, have["formaction"])}
                self.forms.append(other)
        elif self.form is not None and tag == "select" and have.get("name"):
            self.select = self.form["fields"].setdefault(have["name"], [])
        elif tag == "option" and self.select is not None:
            if "selected" in have:
                self.select.insert(0, have.get("value") or "")
            else:
                self.select.append(have.get("value") or "")

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = None


class Crawl:
    """Everything that one person reaches from `start`, below `/admin/`: addresses, forms, and what stood on the pages."""

    def __init__(self, browser, start="/admin/"):
        self.browser, self.seen, self.forms, self.bodies, self.variants = browser, {}, [], [], Counter()
        waiting = [start]
        while waiting:
            address = waiting.pop()
            path = plain(address)
            if path in self.seen or not path.startswith("/admin/"):
                continue
            asked = (path.split("?")[0], frozenset(name for name, _ in parse_qsl(urlsplit(path).query)))
            self.variants[asked] += 1
            if self.variants[asked] > VARIANTS:
                continue
            assert len(self.seen) < MOST, "the crawler goes round in circles"
            answer, body = self.ask("GET", path)
            self.seen[path] = answer.status_code
            if answer.status_code in (301, 302):
                waiting.append(urljoin(path, answer["Location"]))
            if answer.status_code == 200 and "html" in answer["Content-Type"]:
                waiting += self.read(body, path)

    def read(self, body, path):
        """The links of a page, and the addresses that its forms would be sent to by GET; its other forms are kept."""
        page, found = Page(body, path), []
        for form in page.forms:
            if form["method"] == "get":
                values = {name: options[0] for name, options in form["fields"].items()}
                found.append(form["action"].split("?")[0] + "?" + "&".join(f"{k}={v}" for k, v in values.items()))
            elif plain(form["action"]).startswith("/admin/"):
                self.forms.append(form)
        return [*page.links, *found]

    def ask(self, method, path, data=None, look=lambda: None):
        """One request, undone afterwards; its body is kept. `look` is called before it is undone."""
        cookies = self.browser.cookies.copy()
        with undone():
            send = self.browser.get if method == "GET" else self.browser.post
            answer = send(path, *([] if data is None else [data]))
            look()
            body = (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode(errors="replace")
        self.browser.cookies = cookies
        self.bodies.append((f"{method} {path} {data or ''}"[:300], answer.status_code, body + str(answer.headers)))
        return answer, body

    def values(self):
        """{field: every value that a form or a query of a page had for it}."""
        found = {}
        for form in self.forms:
            for name, options in form["fields"].items():
                found.setdefault(name, set()).update(options)
        for address in self.seen:
            for name, value in parse_qsl(urlsplit(address).query):
                found.setdefault(name, set()).add(value)
        return found


def plain(address):
    """Path and query of an address of ours; nothing for another host's."""
    parts = urlsplit(address)
    if parts.netloc not in ("", "testserver"):
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")
