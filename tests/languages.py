"""Finds what stands on a page in the wrong language: by the catalog, and by words that only one of the two has."""

import re
from html.parser import HTMLParser

from config.translations import FILES, read

BLOCKS = frozenset(re.findall(r"\w+", """
    address article aside button caption dd details div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header label
    legend li main nav ol option p section select summary table tbody td tfoot th thead title tr ul"""))  # fmt: skip
SPOKEN = ("alt", "aria-label", "data-hint", "data-label", "data-ready", "placeholder", "title")
VOID = frozenset(re.findall(r"\w+", "area base br col embed hr img input link meta source track wbr"))
SPACES = re.compile(r"\s+")
HOLE = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}|<[^>]+>")
# Function words of the one that the other does not have; æ, ø and å are Norwegian of themselves.
TELLING = {
    "nb": re.compile(r"\b(?:the|and|of|you|your|is|are|was|not|this|that|with|from|has|have|which|when|what)\b", re.I),
    "en": re.compile(
        r"\b(?:og|ikke|er|til|av|som|med|fra|eller|du|det|den|et|har|ble|kan|skal|siden|alle|foretak|ingen|dager)\b"
        r"|\w*[æøå]\w*",
        re.I,
    ),
}


class _Reader(HTMLParser):
    """What a person reads or hears, block by block; what is marked as another language is left out."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.chunks, self.text, self.silent, self.open, self.lang = [], "", 0, [], None
        self.pieces = []  # the text between two tags, for what is one word in a row of links

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.lang = self.lang or given.get("lang")
        quiet = tag in ("script", "style") or given.get("lang", self.lang) != self.lang
        if not self.silent and not quiet:
            self.chunks += [given[name] for name in SPOKEN if given.get(name)]
            if tag == "input" and given.get("type") in ("submit", "button"):
                self.chunks.append(given.get("value") or "")
        if tag in BLOCKS:
            self.flush()
        if tag not in VOID:
            self.open.append((tag, quiet))
            self.silent += quiet

    def handle_endtag(self, tag):
        while self.open and any(one == tag for one, _ in self.open):
            one, quiet = self.open.pop()
            self.silent -= quiet
            if one == tag:
                break
        if tag in BLOCKS:
            self.flush()

    def handle_data(self, data):
        if not self.silent:
            self.text += data
            self.pieces.append(data)

    def flush(self):
        self.chunks.append(self.text)
        self.text = ""


def spoken(html):
    """The texts of a page block by block, and the pieces between its tags, with ordinary spaces."""
    reader = _Reader()
    reader.feed(html)
    reader.flush()
    return _plain(reader.chunks), _plain(reader.pieces)


def _plain(texts):
    return [text for text in (SPACES.sub(" ", one).strip() for one in texts) if text]


class Catalog:
    """What the product says in each language; `messages` are pairs of English and Norwegian, by default the catalog's."""

    def __init__(self, messages=None):
        if messages is None:
            held = read(FILES / "nb" / "LC_MESSAGES" / "django.po")
            messages = [(one.id, one.string) for one in held if one.id]
        found = {"en": set(), "nb": set()}
        for english, norwegian in messages:
            found["en"].update(_forms(english))
            found["nb"].update(_forms(norwegian))
        self.words = {
            language: [
                _Words(text) for text in sorted(found[language]) if not _said_in(text, found[other])
            ]
            for language, other in (("en", "nb"), ("nb", "en"))
        }  # fmt: skip

    def strangers(self, html, language, names=()):
        """What a page in `language` says in the other one; `names` are nobody's language."""
        other = "en" if language == "nb" else "nb"
        texts, pieces = spoken(html)
        for name in sorted(filter(None, names), key=len, reverse=True):
            texts = [one.replace(name, "¤") for one in texts]
        page = " ‖ ".join(["", *texts, ""])
        known = {*texts, *pieces}
        found = [one.text for one in self.words[other] if one.stands_in(page, known)]
        return found + [f"{one.group()}: {text}" for text in texts for one in TELLING[language].finditer(text)]


class _Words:
    """One text of the catalog, and how it is recognised: short ones only as all that a block says."""

    def __init__(self, text):
        self.text = SPACES.sub(" ", text).strip()
        self.pattern, self.whole = None, True
        if HOLE.search(text):
            parts = [SPACES.sub(" ", part) for part in HOLE.split(text)]
            self.anchor = max(parts, key=len)  # looked for first: a pattern takes its time
            if len(self.anchor) > 3:
                self.pattern = re.compile(r"(?<!\w)" + r"[^‖]{1,80}?".join(map(re.escape, parts)) + r"(?!\w)")
        elif " " in self.text:
            self.whole = False

    def stands_in(self, page, texts):
        if self.pattern:
            return self.anchor in page and bool(self.pattern.search(page))
        return self.text in (texts if self.whole else page)


def _forms(text):
    return [one for one in (text if isinstance(text, (tuple, list)) else [text]) if one]


def _said_in(text, others):
    # "Status" is Norwegian too, and so is what is a part of something said in Norwegian.
    return any(re.search(r"(?<!\w)" + re.escape(text) + r"(?!\w)", other) for other in others)
