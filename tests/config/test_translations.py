"""The translations tool: what it finds in code and templates, what it keeps, and what it calls incomplete."""

import gettext

import pytest
from babel.messages.catalog import Catalog

from config import translations


@pytest.fixture
def root(tmp_path):
    """A project of one module and one template."""
    (tmp_path / "access").mkdir()
    (tmp_path / "access" / "views.py").write_text(
        'from django.utils.translation import gettext_lazy as _, ngettext, pgettext\n'
        'a = _("Plain")\n'
        'b = ngettext("%(n)d item", "%(n)d items", 2)\n'
        'c = pgettext("month", "May")\n'
        'd = _("in " "two parts")\n'
    )  # fmt: skip
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(
        """{% load i18n %}<h1 title="it's {% translate "A “title” with 'quotes'" %}">{{ x|default:_("Nothing") }}</h1>
  {% if a %}
 {% blocktranslate with name=user.name trimmed %}
     Dear {{ name }},
     welcome
   {% endblocktranslate %}
        {% endif %}
{% blocktranslate count n=items|length %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}
{% translate "May" context "verb" %} ) ] }
"""
    )
    return tmp_path


def test_everything_that_asks_for_a_translation_is_found(root):
    found = {(one.id, one.context) for one in translations.said(root) if one.id}
    assert found == {
        ("Plain", None), (("%(n)d item", "%(n)d items"), None), ("May", "month"), ("in two parts", None),
        ("A “title” with 'quotes'", None), ("Nothing", None), ("Dear %(name)s, welcome", None),
        (("%(n)s row", "%(n)s rows"), None), ("May", "verb"),
    }  # fmt: skip


def test_extracting_keeps_translations_drops_what_is_no_longer_said_and_settles(root, tmp_path):
    path = tmp_path / "nb" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    spoken, held = translations.said(root), Catalog(locale="nb")
    held.add("Plain", "Rett fram")
    held.add("May", "Mai", context="month")
    held.add("Gone", "Borte")
    translations.write(path, translations.extracted(held, spoken, "nb"))
    once = path.read_bytes()
    again = translations.read(path)
    translations.write(path, translations.extracted(again, spoken, "nb"))
    assert path.read_bytes() == once
    assert b"Date" not in once
    assert b"Gone" not in once
    assert again.get("Plain").string == "Rett fram"
    assert again.get("May", context="month").string == "Mai"
    assert not again.get("May", context="verb").string


def test_what_is_incomplete_is_named(root):
    spoken, held = translations.said(root), Catalog(locale="nb")
    for one in spoken:
        if one.id and one.id != "Nothing":
            many = isinstance(one.id, tuple)
            held.add(one.id, one.id if many else f"[{one.id}]", context=one.context, flags=one.flags)
    held.add("Gone", "Borte")
    held.get("Plain").flags.add("fuzzy")
    held.get("in two parts").string = ""
    held.get("Dear %(name)s, welcome").string = "Kjære %(navn)s"
    lines = translations.problems(held, spoken)
    assert lines[1:] == [
        "missing: 'Nothing'", "no longer said: 'Gone'", "not translated: 'in two parts'", "unsure (fuzzy): 'Plain'",
    ]  # fmt: skip
    assert lines[0].startswith("'Dear %(name)s, welcome': ")


def test_compiling_gives_what_gettext_reads(tmp_path, monkeypatch):
    path = tmp_path / "nb" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    held = Catalog(locale="nb")
    held.add("Plain", "Rett fram")
    held.add(("%(n)d item", "%(n)d items"), ("%(n)d post", "%(n)d poster"))
    translations.write(path, held)
    monkeypatch.setattr(translations, "FILES", tmp_path)
    translations.compile_all()
    with path.with_suffix(".mo").open("rb") as file:
        read = gettext.GNUTranslations(file)
    assert read.gettext("Plain") == "Rett fram"
    assert read.ngettext("%(n)d item", "%(n)d items", 2) == "%(n)d poster"
